"""Make or check `models/`: every file of `pack.toml`, the project's own trained weights, and `manifest.json`.

    models.py            fetch what is missing or changed (nothing, on a second run)
    models.py --check    fetch nothing; fail with the names of missing or changed files
"""

import hashlib
import importlib
import json
import platform
import sys
import tempfile
import tomllib
from pathlib import Path

from archives import SetupError, checked_member, fetch, is_current, write_atomically

ROOT = Path(__file__).resolve().parent.parent
PACK = Path(__file__).with_name("pack.toml")
TRAINED = ROOT / "training" / "weights" / "weights.toml"
MODELS = ROOT / "models"
COMMAND = "setup/all.sh"
CONVERSIONS = {
    "tflite": ("tflite_to_onnx", "convert"),
    "campplus": ("campplus_to_onnx", "convert"),
    "blocked": ("blocked_layout", "convert"),
    "any-size": ("any_size", "convert"),
    "whisper-encoder": ("whisper_to_onnx", "encoder"),
    "whisper-decoder": ("whisper_to_onnx", "decoder"),
    "whisper-tokenizer": ("whisper_to_onnx", "tokenizer"),
}
MANIFEST_FIELDS = ("name", "file", "version", "source", "licence", "sha256", "input", "output", "group")


def describe(entry, archives):
    """The manifest's row for a file of the pack."""
    package = archives[entry["archive"]]
    name, version = package["package"].replace("==", "@").rsplit("@", 1)
    row = dict(entry, version=version, source=f"{package['registry']}:{name} {entry['member']}")
    return {k: row[k] for k in MANIFEST_FIELDS}


def trained_rows():
    """The weights trained by this project; they lie in the repository and are only copied."""
    if not TRAINED.is_file():
        return []
    rows = [dict(row, group="biometry") for row in tomllib.loads(TRAINED.read_text()).get("file", [])]
    for row in rows:
        absent = [k for k in MANIFEST_FIELDS if k not in row]
        if absent:
            raise SetupError(f"weights.toml: {row.get('name', 'a file')} lacks {', '.join(absent)}")
    return [{k: row[k] for k in MANIFEST_FIELDS} for row in rows]


def convert(kind, data):
    """The ONNX bytes of a weight file that is published in another format, or in a slow or rigid form."""
    if kind not in CONVERSIONS:
        raise SetupError(f"pack.toml names an unknown conversion: {kind}")
    # Imported only when needed: verifying the pack takes a fraction of the time that loading onnx does.
    module, function = CONVERSIONS[kind]
    return getattr(importlib.import_module(module), function)(data)


def parts(entry):
    """The members whose bytes together are the published file."""
    return [entry, entry["rest"]] if "rest" in entry else [entry]


def make(entry, paths):
    data = b"".join(checked_member(paths[part["archive"]], part) for part in parts(entry))
    if "convert" in entry:
        data = convert(entry["convert"], data)
    found = hashlib.sha256(data).hexdigest()
    if found != entry["sha256"]:
        raise SetupError(f"{entry['file']} was made with sha256 {found}, pack.toml expects {entry['sha256']}")
    write_atomically(MODELS / entry["file"], data)
    print(f"  {entry['file']}  {len(data) / 1e6:.1f} MB", flush=True)


def make_missing(missing, archives):
    if platform.machine() != "x86_64":
        raise SetupError("the model pack's ONNX Runtime is built for x86_64 Linux only")
    needed = [archives[i] for i in sorted({part["archive"] for e in missing for part in parts(e)})]
    with tempfile.TemporaryDirectory() as folder:
        paths = fetch(needed, Path(folder))
        for entry in missing:
            make(entry, paths)


def copy_trained(rows):
    for row in rows:
        source, target = TRAINED.parent / row["file"], MODELS / row["file"]
        if not is_current(source, row["sha256"]):
            raise SetupError(f"{source.relative_to(ROOT)} is missing or changed: restore it with git")
        if not is_current(target, row["sha256"]):
            write_atomically(target, source.read_bytes())
            print(f"  {row['file']} (trained here)", flush=True)


def check(entries):
    bad = [e["file"] for e in entries if not is_current(MODELS / e["file"], e["sha256"])]
    if bad:
        raise SetupError(f"missing or changed in models/: {', '.join(bad)}\nrun: {COMMAND}")


def main(arguments):
    pack = tomllib.loads(PACK.read_text())
    archives = {a["id"]: a for a in pack["archive"]}
    trained = trained_rows()
    if "--check" in arguments:
        check([*pack["file"], *trained])
        return
    missing = [e for e in pack["file"] if not is_current(MODELS / e["file"], e["sha256"])]
    if missing:
        print(f"model pack: {len(missing)} of {len(pack['file'])} files to fetch", flush=True)
        make_missing(missing, archives)
    copy_trained(trained)
    rows = [describe(e, archives) for e in pack["file"]] + trained
    manifest = json.dumps({"version": pack["version"], "files": rows}, indent=1) + "\n"
    path = MODELS / "manifest.json"
    if not path.is_file() or path.read_text() != manifest:
        write_atomically(path, manifest.encode())
    print(f"model pack: {len(rows)} files verified in models/", flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SetupError as error:
        sys.exit(f"error: {error}")
