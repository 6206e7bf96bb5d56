#!/usr/bin/env python3
"""Builds the wheel from the server at BASE_URL, type-checks a customer's code against it and runs that code with API_KEY."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent


def main():
    with tempfile.TemporaryDirectory(prefix="biometry-python-test-") as name:
        folder = pathlib.Path(name)
        subprocess.run([sys.executable, HERE / "build.py", os.environ["BASE_URL"], folder], check=True)
        (wheel,) = folder.glob("*.whl")
        # What pip would do, without asking a registry for what the environment has.
        zipfile.ZipFile(wheel).extractall(folder)
        test = shutil.copy(HERE / "tests/test_client.py", folder)
        # The types of the package, without the generator's own slips: what mypy does for installed packages.
        mypy = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-incremental", test]
        subprocess.run(mypy, cwd=folder, check=True)
        subprocess.run([sys.executable, test, "--verbose"], cwd=folder, check=True)


if __name__ == "__main__":
    main()
