"""Make `fixtures/`: published media by sha256, and videos derived from them with ffmpeg (see `fixtures.toml`).

A derived file is made again when its recipe, its source or ffmpeg's version changed. `made.json` keeps what was made.
"""

import hashlib
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from archives import SetupError, checked_member, fetch, is_current, sha256, write_atomically

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
MADE = FIXTURES / "made.json"
# One thread and no encoder tags: the same ffmpeg writes the same bytes.
SHORTHAND = {
    "{h264}": "-c:v libx264 -preset veryfast -crf 20 -pix_fmt yuv420p -threads 1",
    "{aac}": "-c:a aac -b:a 96k",
}
BITEXACT = "-map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact".split()
KEPT_WHEN_CUT = 0.6
DEFAULT_ARCHIVE = "pliers"


def fetch_media(config):
    missing = [f for f in config["file"] if not is_current(FIXTURES / f["file"], f["member_sha256"])]
    if not missing:
        return
    needed = {f.get("archive", DEFAULT_ARCHIVE) for f in missing}
    with tempfile.TemporaryDirectory() as folder:
        archives = fetch([a for a in config["archive"] if a["id"] in needed], Path(folder))
        for entry in missing:
            archive = archives[entry.get("archive", DEFAULT_ARCHIVE)]
            write_atomically(FIXTURES / entry["file"], checked_member(archive, entry))
            print(f"  {entry['file']}", flush=True)


def boxes(data, start, end):
    """(type, start of body, end) of the boxes of an mp4 between two offsets."""
    while start < end:
        size, kind = struct.unpack_from(">I4s", data, start)
        if size < 8:
            raise SetupError("an mp4 box of an unexpected size")
        yield kind, start + 8, start + size
        start += size


def rotate_90(data):
    """Writes a quarter turn clockwise into the display matrix of the picture's track (ISO 14496-12, 8.3.2)."""
    data = bytearray(data)
    top, bottom = next((a, b) for kind, a, b in boxes(data, 0, len(data)) if kind == b"moov")
    for kind, start, end in boxes(data, top, bottom):
        if kind != b"trak":
            continue
        header = next(a for k, a, _ in boxes(data, start, end) if k == b"tkhd")
        width, height = struct.unpack_from(">II", data, header + 76)
        if width:
            struct.pack_into(">9i", data, header + 40, 0, 1 << 16, 0, -(1 << 16), 0, 0, height, 0, 1 << 30)
    return bytes(data)


EDITS = {"rotate-90": rotate_90, "cut": lambda data: data[: int(len(data) * KEPT_WHEN_CUT)]}


def derive(entry):
    target = FIXTURES / entry["file"]
    part = target.with_name("part." + entry["file"])
    command = entry["command"]
    for word, meaning in SHORTHAND.items():
        command = command.replace(word, meaning)
    source = [*entry.get("input", "").split(), "-i", FIXTURES / entry["from"]]
    arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y", *source, *command.split(), *BITEXACT, part]
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode != 0:
        raise SetupError(f"ffmpeg could not make {entry['file']}:\n{done.stderr.strip()}")
    if "edit" in entry:
        part.write_bytes(EDITS[entry["edit"]](part.read_bytes()))
    part.replace(target)
    print(f"  {entry['file']}", flush=True)


def recipe(entry, ffmpeg):
    """What a derived file depends on, as one sum."""
    text = json.dumps([entry, SHORTHAND, BITEXACT, KEPT_WHEN_CUT, ffmpeg, sha256(FIXTURES / entry["from"])])
    return hashlib.sha256(text.encode()).hexdigest()


def derive_all(entries):
    if not shutil.which("ffmpeg"):
        raise SetupError("ffmpeg is not installed: run setup/system.sh")
    version = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True).stdout.splitlines()[0]
    made = json.loads(MADE.read_text()) if MADE.is_file() else {}
    for entry in entries:
        name, wanted = entry["file"], recipe(entry, version)
        known = made.get(name, {})
        if known.get("recipe") != wanted or not is_current(FIXTURES / name, known["sha256"]):
            derive(entry)
            made[name] = {"recipe": wanted, "sha256": sha256(FIXTURES / name)}
            write_atomically(MADE, json.dumps(made, indent=1).encode())


def main():
    config = tomllib.loads(Path(__file__).with_name("fixtures.toml").read_text())
    FIXTURES.mkdir(exist_ok=True)
    fetch_media(config)
    derive_all(config["derived"])
    print(f"fixtures: {len(config['file']) + len(config['derived'])} files verified in fixtures/", flush=True)


if __name__ == "__main__":
    try:
        main()
    except SetupError as error:
        sys.exit(f"error: {error}")
