"""Fetch published packages with their registries' ordinary clients, and take members out of them."""

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path


class SetupError(Exception):
    """Something the user can act on; the message says what to do."""


# The wheels are data to us, so they are chosen for the platform the pack is made for, not for the running Python.
WHEEL_TARGET = ["--only-binary=:all:", "--python-version=3.11", "--implementation=cp"] + [
    f"--platform={p}" for p in
    ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux_2_24_x86_64", "manylinux2014_x86_64")
]


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def run(command, cwd, what):
    if not shutil.which(command[0]):
        raise SetupError(f"{command[0]} is not installed (needed for {what}): run setup/system.sh")
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise SetupError(f"{what} failed:\n{tail}")
    return done.stdout


def fetch_pypi(archives, folder):
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    wheels = [a for a in archives if not a.get("sdist")]
    sdists = [a for a in archives if a.get("sdist")]
    only_sdists = ["--no-binary=" + ",".join(a["package"].split("==")[0] for a in sdists)]
    for chosen, options in ((wheels, WHEEL_TARGET), (sdists, only_sdists)):
        if chosen:
            pins = "".join(f"{a['package']} --hash=sha256:{a['sha256']}\n" for a in chosen)
            (folder / "pins.txt").write_text(pins)
            print(f"  pip download {' '.join(a['package'] for a in chosen)}", flush=True)
            run([*command, *options, "-r", "pins.txt", "-d", "."], folder, "pip download")


def fetch_npm(archives, folder):
    for archive in archives:
        print(f"  npm pack {archive['package']}", flush=True)
        packed = json.loads(run(["npm", "pack", "--silent", "--json", archive["package"]], folder, "npm pack"))
        found = sha256(folder / packed[0]["filename"])
        if found != archive["sha256"]:
            raise SetupError(f"{archive['package']} has sha256 {found}, expected {archive['sha256']}")


def fetch(archives, folder):
    """Downloads the archives into `folder`; returns archive id -> path, found by content."""
    for registry, fetch_from in (("pypi", fetch_pypi), ("npm", fetch_npm)):
        chosen = [a for a in archives if a["registry"] == registry]
        if chosen:
            fetch_from(chosen, folder)
    by_sum = {sha256(p): p for p in folder.iterdir()}
    return {a["id"]: by_sum[a["sha256"]] for a in archives}


def member(path, name):
    """Bytes of one member; "a.zip!b" is member b of the zip a."""
    name, _, inner = name.partition("!")
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            data = archive.read(name)
    else:
        with tarfile.open(path) as archive:
            data = archive.extractfile(name).read()
    return zipfile.ZipFile(io.BytesIO(data)).read(inner) if inner else data


def checked_member(path, entry):
    data = member(path, entry["member"])
    found = hashlib.sha256(data).hexdigest()
    if found != entry["member_sha256"]:
        raise SetupError(f"{entry['member']} of {path.name} has sha256 {found}, expected {entry['member_sha256']}")
    return data


def write_atomically(path, data):
    """The file appears whole or not at all, so an interrupted set-up never leaves half a file behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


def is_current(path, expected):
    return Path(path).is_file() and sha256(path) == expected
