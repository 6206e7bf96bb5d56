"""Landmarks -> lip features, sound -> log-mels, and a folder of clips -> one feature file.

Everything here is mirrored in `crates/lips` and pinned by tensors made from these functions: change both.
"""
import argparse
import csv
from pathlib import Path

import numpy as np

from track import FPS, SAMPLE_RATE, Detector, Mesh, read_frames, read_sound, track

# Points that talking moves little: eye corners, nose bridge and tip, forehead, temples, brows' outer ends.
RIGID = [33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 8, 9, 10, 151, 67, 297, 103, 332, 127, 356, 234, 454, 46, 276]
OUTER = [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146]
INNER = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95]
LIPS = OUTER + INNER
GAPS = [(13, 14), (82, 87), (312, 317)]  # inner lip, upper against lower
LIP_SCALE = 0.03  # typical lip movement in eye distances: brings features to unit size

BANDS, WINDOW, HOP, FFT = 40, 400, 160, 512
LOW_HZ, HIGH_HZ = 60.0, 7600.0
FLOOR, RANGE, MEL_SCALE = 1e-7, 9.0, 2.0
HOPS_PER_FRAME = SAMPLE_RATE // FPS // HOP


def frontal_median(points: np.ndarray) -> np.ndarray:
    """The clip's median shape [478, 3], centred between the eyes and turned so that the eye line is x and the face looks along z."""
    median = np.median(points, 0)
    x = median[263] - median[33]
    x /= np.linalg.norm(x)
    down = (median[4] + median[152] - median[9] - median[151]) / 2
    y = down - x * (down @ x)
    y /= np.linalg.norm(y)
    axes = np.stack([x, y, np.cross(x, y)], 1)
    return (median - (median[33] + median[263]) / 2) @ axes


def similarity(source: np.ndarray, target: np.ndarray):
    """Least-squares rotation, scale and means with target ~ scale * (source - mean_s) @ R + mean_t (Umeyama 1991)."""
    mean_s, mean_t = source.mean(0), target.mean(0)
    a, b = source - mean_s, target - mean_t
    u, s, vt = np.linalg.svd(a.T @ b)
    flip = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    return u * flip @ vt, (s * flip).sum() / (a**2).sum(), mean_s, mean_t


def pose_free(landmarks: np.ndarray) -> np.ndarray:
    """Landmarks [T, 478, 3] of any head pose -> the same points as if the head had stayed still and frontal, in eye distances."""
    eye_distance = np.median(np.linalg.norm(landmarks[:, 33] - landmarks[:, 263], axis=1))
    points = landmarks / eye_distance
    reference = frontal_median(points)
    out = np.empty_like(points)
    for t, frame in enumerate(points):
        rotation, scale, mean_s, mean_t = similarity(frame[RIGID], reference[RIGID])
        out[t] = scale * (frame - mean_s) @ rotation + mean_t
    return out


def lip_features(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lip features [T, 120] (40 points x, y, z, minus the clip's median) and mouth aperture [T] in eye distances."""
    points = pose_free(np.asarray(landmarks, np.float64))
    lips = points[:, LIPS].reshape(len(points), -1)
    aperture = np.mean([np.linalg.norm(points[:, a] - points[:, b], axis=1) for a, b in GAPS], 0)
    return ((lips - np.median(lips, 0)) / LIP_SCALE).astype(np.float32), aperture.astype(np.float32)


def mel_filters() -> np.ndarray:
    """Triangular filters [40, 257] on the HTK mel scale."""
    edges = np.linspace(2595 * np.log10(1 + LOW_HZ / 700), 2595 * np.log10(1 + HIGH_HZ / 700), BANDS + 2)
    hz = 700 * (10 ** (edges / 2595) - 1)
    bins = np.arange(FFT // 2 + 1) * SAMPLE_RATE / FFT
    rise = (bins - hz[:-2, None]) / (hz[1:-1] - hz[:-2])[:, None]
    fall = (hz[2:, None] - bins) / (hz[2:] - hz[1:-1])[:, None]
    return np.maximum(0, np.minimum(rise, fall))


FILTERS = mel_filters()
HANN = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)


def log_mels(sound: np.ndarray, frames: int) -> np.ndarray:
    """Raw log-mels [4 * frames, 40]: four 10 ms hops a video frame, sound padded with silence or cut to fit."""
    hops = frames * HOPS_PER_FRAME
    samples = np.zeros(hops * HOP + WINDOW - HOP)
    count = min(len(sound), len(samples))
    samples[:count] = sound[:count]
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP] * HANN
    power = np.abs(np.fft.rfft(windows, FFT)) ** 2 / FFT
    return np.log(power @ FILTERS.T + FLOOR).astype(np.float32)


def normalise_mels(mels: np.ndarray) -> np.ndarray:
    """Floor at 9 nepers of power below the clip's loudest band, minus each band's mean."""
    floored = np.maximum(mels, mels.max() - RANGE)
    return ((floored - floored.mean(0)) / MEL_SCALE).astype(np.float32)


def log_energy(sound: np.ndarray, frames: int) -> np.ndarray:
    """Log mean power of each video frame's 640 samples [frames]."""
    step = SAMPLE_RATE // FPS
    samples = np.zeros(frames * step)
    count = min(len(sound), len(samples))
    samples[:count] = sound[:count]
    return np.log((samples.reshape(frames, step) ** 2).mean(1) + 3e-8).astype(np.float32)


def word_times(folder: Path) -> dict[tuple[str, str], list]:
    """{(speaker, clip): [(word, start_ms, end_ms), ...]} from every <speaker>-words.tsv."""
    times: dict[tuple[str, str], list] = {}
    for table in sorted(folder.glob("*-words.tsv")):
        speaker = table.name.removesuffix("-words.tsv")
        with table.open() as rows:
            for row in csv.DictReader(rows, delimiter="\t"):
                entry = (row["word"], float(row["start_ms"]), float(row["end_ms"]))
                times.setdefault((speaker, row["clip"]), []).append(entry)
    return times


def build(grid: Path, detector: Detector, mesh: Mesh, out: Path, frames: int = 75) -> None:
    """Every clip that decodes to 75 frames with a face -> one .npz of stacked features."""
    rows: dict[str, list] = {key: [] for key in ("speaker", "clip", "lips", "aperture", "mels", "energy")}
    for path in sorted(grid.glob("*/*.mp4")):
        try:
            video, sound = read_frames(path), read_sound(path)
        except Exception as error:  # a damaged file is skipped, and said so
            print(f"skipped {path.name}: {error}")
            continue
        landmarks = track(video[:frames], detector, mesh) if len(video) >= frames else None
        if landmarks is None:
            print(f"skipped {path.parent.name}/{path.name}: {len(video)} frames or no face")
            continue
        lips, aperture = lip_features(landmarks)
        values = (path.parent.name, path.stem, lips, aperture, log_mels(sound, frames), log_energy(sound, frames))
        for key, value in zip(rows, values):
            rows[key].append(value)
        if len(rows["clip"]) % 50 == 0:
            print(len(rows["clip"]), "clips", flush=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(out, **{key: np.stack(value) for key, value in rows.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("grid", type=Path, help="folder with one sub-folder of .mp4 clips a speaker")
    parser.add_argument("--models", type=Path, default=Path("../models"))
    parser.add_argument("--out", type=Path, default=Path("build/features.npz"))
    options = parser.parse_args()
    detector = Detector(options.models / "yunet.onnx")
    build(options.grid, detector, Mesh(options.models / "face_mesh.onnx"), options.out)


if __name__ == "__main__":
    main()
