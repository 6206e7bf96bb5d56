"""The weights as published, for the stack we compare ourselves with: it would not have our graph rewrites.

    published.py FOLDER      writes the files under the names that stack expects

Only those graphs differ from the model pack's that `setup/` rewrites for speed (detector, embedding, liveness, mesh).
"""
import sys
import tempfile
import tomllib
from pathlib import Path
from unittest import mock

SETUP = Path(__file__).resolve().parent.parent / "setup"
sys.path.insert(0, str(SETUP))
import tflite_to_onnx  # noqa: E402
from archives import checked_member, fetch  # noqa: E402

FILES = {"yunet": "face_detection_yunet_2023mar.onnx", "sface": "face_recognition_sface_2021dec.onnx",
         "fr_liveness": "fr_liveness.onnx", "face_mesh": "mp_face_landmarks_478.onnx"}


def plain_mesh(data):
    """The mesh converted operator by operator, as any converter would."""
    with mock.patch.object(tflite_to_onnx.blocked_layout, "rewrite", lambda model, *_: model):
        return tflite_to_onnx.convert(data)


def main(folder):
    pack = tomllib.loads((SETUP / "pack.toml").read_text())
    entries = [e for e in pack["file"] if e["name"] in FILES]
    archives = {a["id"]: a for a in pack["archive"]}
    with tempfile.TemporaryDirectory() as downloads:
        paths = fetch([archives[i] for i in sorted({e["archive"] for e in entries})], Path(downloads))
        for entry in entries:
            data = checked_member(paths[entry["archive"]], entry)
            data = plain_mesh(data) if entry["name"] == "face_mesh" else data
            target = folder / FILES[entry["name"]]
            target.unlink(missing_ok=True)
            target.write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
