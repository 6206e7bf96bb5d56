"""Makes presentation attacks, and live clips as other cameras would have them, of talking-face clips.

    attacks.py <folder of GRID speakers> <folder of the model pack> <folder to write> [clips a speaker]

Writes <out>/<speaker>/<clip>.<kind>.mp4 and <out>/manifest.jsonl, one {"path","speaker","kind","live"} a line. Every clip has
its own random numbers, drawn from its name, so a second run makes the same. Needs ffmpeg, numpy and onnxruntime.
"""
import json
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime

WIDTH, HEIGHT, FPS = 360, 288, 25
GRID_Y, GRID_X = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
LIVE = ["original", "encoded", "noisy", "hand_held"]
ATTACKS = ["still", "moved", "print", "replay", "replay_faint", "cut_out", "looped", "swapped"]


def read(path):
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(path), "-r", str(FPS), "-s", f"{WIDTH}x{HEIGHT}", "-f", "rawvideo",
         "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)


def write(path, frames, rng):
    """Encoded as strongly as a phone or a browser might; attacks and live clips alike."""
    frames = np.clip(np.rint(frames), 0, 255).astype(np.uint8)
    height, width = frames.shape[1:3]
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(FPS),
         "-i", "-", "-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-crf", str(rng.integers(18, 29)),
         "-pix_fmt", "yuv420p", str(path)], check=True, input=frames.tobytes())


class Detector:
    """YuNet: eyes, nose and corners of the mouth of the strongest face."""

    def __init__(self, pack):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.net = onnxruntime.InferenceSession(str(pack / "yunet.onnx"), options)
        self.names = [o.name for o in self.net.get_outputs()]

    def __call__(self, rgb):
        canvas = np.zeros((1, 3, 288, 384), np.float32)
        canvas[0, :, :HEIGHT, :WIDTH] = rgb[..., ::-1].transpose(2, 0, 1)
        out = dict(zip(self.names, self.net.run(None, {"input": canvas})))
        best, points = 0, None
        for stride in (8, 16, 32):
            score = (out[f"cls_{stride}"] * out[f"obj_{stride}"])[0, :, 0]
            i = int(score.argmax())
            if score[i] > best:
                cell = np.array([i % (384 // stride), i // (384 // stride)])
                best, points = score[i], (out[f"kps_{stride}"][0, i].reshape(5, 2) + cell) * stride
        return points


def warp(frame, matrix, edge=None):
    """The frame through a homography from output to input pixels, bilinear, and where each pixel came from; beyond its edge
    dark, or the edge once more."""
    m = matrix.astype(np.float32)
    w = m[2, 0] * GRID_X + m[2, 1] * GRID_Y + m[2, 2]
    u = (m[0, 0] * GRID_X + m[0, 1] * GRID_Y + m[0, 2]) / w
    v = (m[1, 0] * GRID_X + m[1, 1] * GRID_Y + m[1, 2]) / w
    inside = (u >= 0) & (u <= WIDTH - 1) & (v >= 0) & (v <= HEIGHT - 1)
    x, y = np.clip(u, 0, WIDTH - 1.01), np.clip(v, 0, HEIGHT - 1.01)
    i, j = x.astype(np.int32), y.astype(np.int32)
    a, b = (x - i)[..., None], (y - j)[..., None]
    flat, at = frame.reshape(-1, 3).astype(np.float32), j * WIDTH + i
    top = flat.take(at, 0) * (1 - a) + flat.take(at + 1, 0) * a
    low = flat.take(at + WIDTH, 0) * (1 - a) + flat.take(at + WIDTH + 1, 0) * a
    out = top * (1 - b) + low * b
    return (out if edge == "repeat" else np.where(inside[..., None], out, np.float32(12))), u, v


def seen(frame, matrix):
    return warp(frame, matrix, edge="repeat")[0]


def hand(n, rng, shift, turn, tilt, zoom):
    """A hand that moves something flat before the camera: smooth random shifts, turns, tilts (perspective) and distances."""
    t = np.arange(n) / FPS

    def wave(size):
        f, p, a = rng.uniform(0.2, 2.0, 3), rng.uniform(0, 6.3, 3), rng.uniform(0.2, 1.0, 3)
        return size * (a[:, None] * np.sin(6.2832 * f[:, None] * t + p[:, None])).sum(0) / a.sum()

    tx, ty, angle, gx, gy, scale = wave(shift), wave(shift), wave(turn), wave(tilt), wave(tilt), np.exp(wave(zoom))
    centre = np.array([[1, 0, WIDTH / 2], [0, 1, HEIGHT / 2], [0, 0, 1]])
    each = []
    for k in range(n):
        c, s = np.cos(angle[k]) / scale[k], np.sin(angle[k]) / scale[k]
        each.append(centre @ np.array([[c, -s, tx[k]], [s, c, ty[k]], [gx[k], gy[k], 1]]) @ np.linalg.inv(centre))
    return each


def noise(frames, rng, sigma):
    """A sensor's, from a few frames of it moved about: drawing each anew takes longer than all the rest."""
    pool = sigma * rng.standard_normal((4, HEIGHT, WIDTH, 3), np.float32)
    for frame in (out := np.array(frames, np.float32)):
        frame += np.roll(pool[rng.integers(4)], tuple(rng.integers(0, 200, 2)), (0, 1))
    return out


def light(frames, rng):
    gain, gamma = rng.uniform(0.7, 1.2), rng.uniform(0.8, 1.3)
    return (255 * np.clip(np.arange(256) / 255 * gain, 0, 1) ** gamma).astype(np.float32)[frames]


def original(clip, rng, **_):
    return clip.astype(np.float32)


def encoded(clip, rng, **_):
    return light(clip, rng)


def noisy(clip, rng, **_):
    return noise(light(clip, rng), rng, rng.uniform(1.5, 5))


def hand_held(clip, rng, **_):
    moves = hand(len(clip), rng, rng.uniform(2, 12), 0.03, 0.00005, 0.04)
    return noise(np.stack([seen(f, m) for f, m in zip(clip, moves)]), rng, rng.uniform(0.5, 3))


def one_frame(clip, rng, n=75):
    return np.repeat(clip[rng.integers(5, len(clip) - 5)][None], n, 0).astype(np.float32)


def still(clip, rng, **_):
    frames = one_frame(clip, rng)
    return noise(frames, rng, rng.uniform(0.5, 4)) if rng.random() < 0.6 else frames


def moved(clip, rng, **_):
    moves = hand(75, rng, rng.uniform(4, 25), rng.uniform(0.01, 0.12), rng.uniform(0, 0.0004), rng.uniform(0.02, 0.15))
    frames = np.stack([seen(f, m) for f, m in zip(one_frame(clip, rng), moves)])
    return noise(frames, rng, rng.uniform(0, 4))


def printed(clip, rng, **_):
    """On paper: paler, warmer, bent light, held in a hand before a plain wall."""
    moves = hand(75, rng, rng.uniform(3, 15), rng.uniform(0.01, 0.1), rng.uniform(0.0001, 0.0006), rng.uniform(0.02, 0.1))
    ramp = 1 + rng.uniform(-0.25, 0.25) * np.linspace(-1, 1, WIDTH)[None, :, None]
    tone = np.array([rng.uniform(0.95, 1.05), 1, rng.uniform(0.85, 1.0)])
    paper = (35 + 0.75 * one_frame(clip, rng, 1)[0]) * ramp * tone
    return noise(np.stack([seen(paper, m) for m in moves]), rng, rng.uniform(1, 4))


def beat(drawn):
    """How many times a second the bars of a display pass: what its refresh rate leaves at the camera's. -3 to 3 draws one."""
    rate = (60, 75, 90, 120, 144, 240)[min(5, int(drawn + 3))] + 2 * (drawn % 1) - 1
    return (rate + FPS / 2) % FPS - FPS / 2


def screen(clip, rng, grid, bezel, flicker):
    """A display filmed by another camera. Its pixels are stripes of red, green and blue, darker between the lines, which the
    camera samples at another pitch: the moire is that sampling's. The backlight beats against the shutter as faint bars."""
    n = len(clip)
    moves = hand(n, rng, rng.uniform(0.5, 5), 0.02, 0.0001, 0.02)
    shrink = rng.uniform(1.05, 1.25) if bezel else rng.uniform(0.9, 0.98)
    middle = np.array([[1, 0, WIDTH / 2], [0, 1, HEIGHT / 2], [0, 0, 1]])
    fit = middle @ np.diag([shrink, shrink, 1]) @ np.linalg.inv(middle)
    pitch = rng.uniform(1.2, 3.4)  # screen pixels to one of the video's
    bar, speed = rng.uniform(60, 300), beat(rng.uniform(-3, 3))
    lift, gamma, tint = rng.uniform(5, 25), rng.uniform(0.8, 1.25), np.array([rng.uniform(0.9, 1), 1, rng.uniform(1, 1.12)])
    rows = np.arange(HEIGHT, dtype=np.float32)[:, None, None]
    tone = (255 * (np.arange(256) / 255) ** gamma).astype(np.float32)
    out = []
    for k in range(n):
        f = clip[k].astype(np.float32)
        f = (f + np.roll(f, 1, 0) + np.roll(f, 1, 1) + np.roll(f, (1, 1), (0, 1))) / 4  # the lens's blur
        shown, u, v = warp(f, fit @ moves[k])
        angle = np.float32(6.2832 * pitch) * u
        stripes = np.stack([np.cos(angle + np.float32(2.0944 * c)) for c in range(3)], -1)
        lines = np.cos(6.2832 * pitch * v)[..., None]
        lit = 1 + grid * (0.6 * stripes + 0.4 * lines)
        bars = 1 + flicker * np.sin(6.2832 * (rows / bar + speed * k / FPS))
        out.append(((lift + (1 - lift / 255) * tone[shown.astype(np.uint8)] * tint) * lit * bars).astype(np.float32))
    return noise(np.stack(out), rng, rng.uniform(0.5, 3))


def replay(clip, rng, **_):
    return screen(clip, rng, rng.uniform(0.06, 0.25), rng.random() < 0.6, rng.uniform(0, 0.05))


def replay_faint(clip, rng, **_):
    """A fine display out of focus: hardly a grid, no bars, no edge in view."""
    return screen(clip, rng, rng.uniform(0, 0.02), False, 0)


def cut_out(clip, rng, points, **_):
    """A print with a hole for the attacker's mouth, which speaks behind it."""
    (left, right), eyes = points[3:5], points[0:2].mean(0)
    mouth, half = (left + right) / 2, np.linalg.norm(right - left) * rng.uniform(0.75, 1.0)
    down = mouth - eyes
    centre = mouth + 0.1 * down
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    hole = ((x - centre[0]) / half) ** 2 + ((y - centre[1]) / (0.75 * half)) ** 2
    soft = rng.uniform(0.04, 0.25)
    mask = np.clip((1 - hole) / soft + 0.5, 0, 1)[..., None]
    rim = 1 - rng.uniform(0, 0.4) * np.exp(-((hole - 1) / 0.12) ** 2)[..., None]
    still_frame, gain = one_frame(clip, rng, 1)[0], rng.uniform(0.9, 1.1)
    moves = hand(len(clip), rng, rng.uniform(0.5, 8), rng.uniform(0.005, 0.04), rng.uniform(0, 0.0001), 0.02)
    frames = [seen(rim * (still_frame * (1 - mask) + gain * f * mask), m) for f, m in zip(clip.astype(np.float32), moves)]
    return noise(np.stack(frames), rng, rng.uniform(0.5, 3))


def looped(clip, rng, **_):
    """A second or less, played again and again, at times there and back."""
    n, start = rng.integers(14, 34), rng.integers(8, 30)
    part = clip[start:start + n]
    if rng.random() < 0.5:
        part = np.concatenate([part, part[-2:0:-1]])
    frames = np.concatenate([part] * (1 + 90 // len(part)))[:max(90, 2 * len(part) + 10)].astype(np.float32)
    if rng.random() < 0.5:
        moves = hand(len(frames), rng, rng.uniform(0.5, 5), 0.02, 0, 0.02)
        frames = np.stack([seen(f, m) for f, m in zip(frames, moves)])
    return noise(frames, rng, rng.uniform(0.5, 3))


def swapped(clip, rng, points, other, other_points, **_):
    """Somebody else from some frame on, the eyes in the same place."""
    a, b = points[:2], other_points[:2]
    (dx, dy), (ex, ey) = a[1] - a[0], b[1] - b[0]
    ratio = complex(ex, ey) / complex(dx, dy)
    m = np.array([[ratio.real, -ratio.imag, 0], [ratio.imag, ratio.real, 0], [0, 0, 1]])
    m[:2, 2] = b[0] - m[:2, :2] @ a[0]
    cut = rng.integers(20, 55)
    return noise(np.concatenate([clip[:cut], [seen(f, m) for f in other[cut:75]]]).astype(np.float32), rng, rng.uniform(0, 3))


MAKERS = dict(original=original, encoded=encoded, noisy=noisy, hand_held=hand_held, still=still, moved=moved, print=printed,
              replay=replay, replay_faint=replay_faint, cut_out=cut_out, looped=looped, swapped=swapped)


def main():
    grid, pack, out = map(Path, sys.argv[1:4])
    most = int(sys.argv[4]) if len(sys.argv) > 4 else 20
    clips = {}
    for speaker in sorted(p for p in grid.iterdir() if p.is_dir()):
        files = sorted(speaker.glob("*.mp4"))
        clips[speaker.name] = files[::max(1, len(files) // most)][:most]
    detector = Detector(pack)

    def points_of(clip):
        return detector(clip[0])

    def make(speaker, path):
        lines = []
        clip = read(path)
        points = points_of(clip) if len(clip) >= 75 else None
        if points is None:
            return lines
        others = sorted(s for s in clips if s != speaker)
        for kind in LIVE + ATTACKS:
            rng = np.random.default_rng(zlib.crc32(f"{speaker}/{path.stem}/{kind}".encode()))
            target = out / speaker / f"{path.stem}.{kind}.mp4"
            target.parent.mkdir(parents=True, exist_ok=True)
            lines.append(dict(path=str(target.resolve()), speaker=speaker, kind=kind, live=kind in LIVE))
            if target.exists():
                continue
            extra = {}
            if kind == "swapped":
                name = others[rng.integers(len(others))]
                other = read(clips[name][rng.integers(len(clips[name]))])
                if len(other) < 75 or (found := points_of(other)) is None:
                    lines.pop()
                    continue
                extra = dict(other=other, other_points=found)
            write(target, MAKERS[kind](clip, rng, points=points, **extra), rng)
        return lines

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(make, speaker, path) for speaker, paths in clips.items() for path in paths]
        lines = [line for job in jobs for line in job.result()]
    (out / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    print(f"{len(lines)} clips")


if __name__ == "__main__":
    main()
