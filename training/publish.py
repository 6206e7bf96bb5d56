"""After training: `weights.toml` for the model pack, and the tensors that pin `crates/lips` to this code.

The tensors are five seconds of the fixture `speaker_crop.mp4` (a work of the US government) through the exported
networks: of its mesh only the points that are used, of its features and vectors enough rows to notice any change.
"""
import argparse
import hashlib
import json
from pathlib import Path

import numpy as np

import agreement
import features
import phones
import viterbi
from lexicon import DIGITS, PHONES, pronunciations
from track import Detector, Mesh, read_frames, read_sound, session, track
from words import DigitReading, word_lips

VERSION = "3"
SOURCE = "this project, training/; trained on the GRID audiovisual sentence corpus (Cooke et al. 2006, CC BY 4.0)"
FILES = {
    "avsync_visual": ("avsync_visual.onnx", "lips [B,T,120] float32, 25 fps", "embedding [B,T,64], unit vectors"),
    "avsync_audio": ("avsync_audio.onnx", "mels [B,4T,40] float32, 100 Hz", "embedding [B,T,64], unit vectors"),
    "avsync_cohort": ("avsync_cohort.bin", "", "AVC2, u32 clips, frames, 64; lips, sounds as i8 over 127; loudness as u8 over 255"),
    "lip_phones": ("lip_phones.onnx", "lips [B,T,120] float32, 25 fps", "emissions [B,T,40] log likelihoods, phones as in lips_calibration"),
    "lip_words": ("lip_words.onnx", "words [B,16,120] float32, lips of one word", "posteriors [B,10], logarithms, zero to nine"),
    "sound_phones": ("sound_phones.onnx", "mels [B,4T,40] float32, 100 Hz", "emissions [B,T,40] log likelihoods, phones as in lips_calibration"),
    "lips_calibration": ("lips_calibration.json", "", "logistic weights, thresholds, phones"),
}
FRAMES = 125
EVERY = 5
EXPECTED = ["one", "two", "three", "four"]


def write_manifest(folder: Path) -> None:
    lines = ["# The weights trained here, for the model pack. Written by publish.py.", f'\nversion = "{VERSION}"']
    for name, (file, given, returned) in FILES.items():
        row = dict(name=name, file=file, version=VERSION, source=SOURCE, licence="Apache-2.0", sha256=hashlib.sha256((folder / file).read_bytes()).hexdigest(), input=given, output=returned, group="biometry")
        lines += ["\n[[file]]", *(f"{key} = {json.dumps(value)}" for key, value in row.items())]
    (folder / "weights.toml").write_text("\n".join(lines) + "\n")


def run(folder: Path, name: str, given: str, x: np.ndarray) -> np.ndarray:
    return session(folder / f"{name}.onnx").run(None, {given: x[None]})[0][0]


def run_all(folder: Path, name: str, given: str, x: np.ndarray) -> np.ndarray:
    return session(folder / f"{name}.onnx").run(None, {given: x})[0]


def fitted(weights: Path, part: str) -> dict:
    return json.loads((weights / "lips_calibration.json").read_text())[part]


def logistic(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))


def scores(weights: Path, v, a, aperture, energy) -> dict:
    row = dict(zip(agreement.SCORES, agreement.scores(v, a, aperture, energy, agreement.Cohort.load(weights / "avsync_cohort.bin"))))
    fit = fitted(weights, "active_speaker")
    row["probability"] = logistic(fit["bias"] + sum(fit[k] * x for k, x in row.items()))
    row["lag_ms"] = agreement.best_lag(v, a, energy) * 40
    return row


def reading(emission: np.ndarray) -> dict:
    one = viterbi.sequence([[pronunciations(w)] for w in EXPECTED])
    free = viterbi.sequence([[pronunciations(w) for w in DIGITS]] * len(EXPECTED))
    said, (best, path) = viterbi.best_path(emission, one)[0], viterbi.best_path(emission, free)
    return dict(expected=EXPECTED, words=[DIGITS[i] for i in viterbi.words_on(path, free)], ratio=(said - best) / len(EXPECTED))


def timed_reading(weights: Path, lips: np.ndarray, heard: np.ndarray) -> dict:
    spans = phones.heard_spans(heard, EXPECTED)
    answers = run_all(weights, "lip_words", "words", np.stack([word_lips(lips, *span) for span in spans]).astype(np.float32))
    read, fit = DigitReading(answers, [DIGITS.index(w) for w in EXPECTED]), fitted(weights, "digits")
    score = logistic(fit["bias"] + fit["evidence_per_word"] * read.evidence)
    return dict(expected=EXPECTED, words=read.words, ratio=read.ratio, score=score)


def write_reference(fixture: Path, models: Path, weights: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    video, sound = read_frames(fixture)[:FRAMES], read_sound(fixture)[: FRAMES * 640]
    landmarks = track(video, Detector(models / "yunet.onnx"), Mesh(models / "face_mesh.onnx"))
    used = sorted({*features.RIGID, *features.LIPS, 152})
    points = landmarks[::2, used].astype("<f4")
    # The product sees single precision and interpolates itself: so does the reference.
    landmarks[::2] = landmarks[::2].astype(np.float32)
    landmarks[1::2] = (landmarks[:-2:2] + landmarks[2::2]) / 2
    lips, aperture = features.lip_features(landmarks)
    mels = features.normalise_mels(features.log_mels(sound, FRAMES))
    v, a = run(weights, "avsync_visual", "lips", lips), run(weights, "avsync_audio", "mels", mels)
    emission = run(weights, "lip_phones", "lips", lips)
    late = features.normalise_mels(features.log_mels(np.concatenate([np.zeros(12800, np.float32), sound]), FRAMES))
    late_energy = features.log_energy(np.concatenate([np.zeros(12800, np.float32), sound]), FRAMES)
    energy = features.log_energy(sound, FRAMES)
    (out / "points.f32").write_bytes(points.tobytes())
    (out / "sound.i16").write_bytes(np.round(sound * 32768).astype("<i2").tobytes())
    for name, rows in dict(lips=lips, mels=mels[:: 4 * EVERY], emissions=emission).items():
        kept = rows if name == "mels" else rows[::EVERY]
        (out / f"{name}.f32").write_bytes(kept.astype("<f4").tobytes())
    summary = dict(
        frames=FRAMES, every=EVERY, points=used, phones=len(PHONES), aperture=aperture[::EVERY].tolist(), energy=energy[::EVERY].tolist(),
        in_time=scores(weights, v, a, aperture, energy),
        late=scores(weights, v, run(weights, "avsync_audio", "mels", late), aperture, late_energy),
        reading=reading(emission),
        timed_reading=timed_reading(weights, lips, run(weights, "sound_phones", "mels", mels)),
    )
    (out / "reference.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(json.dumps({k: summary[k] for k in ("in_time", "late", "reading", "timed_reading")}, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("../models"))
    parser.add_argument("--fixture", type=Path, default=Path("../fixtures/speaker_crop.mp4"))
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--out", type=Path, default=Path("../crates/lips/tests/data"))
    options = parser.parse_args()
    write_manifest(options.weights)
    write_reference(options.fixture, options.models, options.weights, options.out)


if __name__ == "__main__":
    main()
