#!/usr/bin/env python3
"""Builds the wheel from the description of a running server: build.py BASE_URL OUT

It leaves OUT/biometry_client-*.whl. Runs in the environment of requirements.txt.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
#: X-User-Fullname* has the same Python name as X-User-Fullname, which carries any name with X-User-Fullname-Encoding.
OMITTED_HEADERS = {"x-user-fullname*"}


def read_description(base_url):
    with urllib.request.urlopen(f"{base_url}/openapi.json") as response:
        document = json.load(response)
    for path in document["paths"].values():
        for operation in path.values():
            parameters = operation.get("parameters", [])
            operation["parameters"] = [one for one in parameters if one["name"] not in OMITTED_HEADERS]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content["schema"] = without_null(content["schema"])
    return document


def without_null(schema):
    """Returns the schema of a body that may be left out: the generator would send one that is left out as well."""
    choices = [one for one in schema.get("oneOf", []) if one != {"type": "null"}]
    return choices[0] if len(choices) == 1 else schema


def generate(document, package):
    description = package.parent / "openapi.json"
    description.write_text(json.dumps(document))
    # The generator formats what it wrote with the ruff beside it.
    programs = pathlib.Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    command = [programs / "openapi-python-client", "generate", "--meta", "none", "--fail-on-warning"]
    command += ["--path", description, "--output-path", package]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(done.stdout)


def add_own_sources(folder, package):
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(HERE / name, folder)
    for source in (HERE / "src/biometry_client").glob("*.py"):
        shutil.copy(source, package)
    (package / "py.typed").touch()
    # The package's own entry, beside the generated client.
    (package / "__init__.py").write_text(
        '"""Typed client for every operation of a Biometry server."""\n\n'
        "from .client import AuthenticatedClient, Client\n"
        "from .connect import connect\n\n"
        '__all__ = ("AuthenticatedClient", "Client", "connect")\n'
    )


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    base_url, out = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="biometry-python-") as name:
        folder = pathlib.Path(name)
        package = folder / "biometry_client"
        generate(read_description(base_url), package)
        add_own_sources(folder, package)
        command = [sys.executable, "-m", "flit_core.wheel", "--outdir", str(out)]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
