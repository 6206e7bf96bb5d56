"""Video file -> face mesh landmarks and sound, the way the product sees them.

One face is tracked at 25 frames a second. The 478-point mesh runs on every second frame and the frames
between are interpolated; its square crop comes from the YuNet box at the start and on every sixteenth
frame, and from the previous mesh otherwise. Landmarks are returned in image pixels (z on the same scale).
"""
import subprocess
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort

FPS, SAMPLE_RATE = 25, 16000
MESH_EVERY, DETECT_EVERY = 2, 16
CROP, MARGIN = 256, 1.5
EYE_RIGHT, EYE_LEFT = 33, 263  # outer corners; left and right are the person's own


@dataclass
class Crop:
    """A rotated square in the image: centre, side in pixels, angle of the eye line in radians."""

    x: float
    y: float
    side: float
    angle: float

    def matrix(self) -> np.ndarray:
        """2x3 affine map from image pixels to the 256 x 256 crop."""
        k = CROP / self.side
        c, s = k * np.cos(self.angle), k * np.sin(self.angle)
        return np.array([[c, s, CROP / 2 - c * self.x - s * self.y], [-s, c, CROP / 2 + s * self.x - c * self.y]])


def session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Detector:
    """YuNet: the largest face as (x, y, w, h, five points), or None."""

    def __init__(self, path: Path):
        self.net = session(path)
        self.names = [o.name for o in self.net.get_outputs()]

    def __call__(self, rgb: np.ndarray):
        ratio = min(640 / rgb.shape[0], 640 / rgb.shape[1])
        height, width = round(rgb.shape[0] * ratio), round(rgb.shape[1] * ratio)
        canvas = np.zeros((640, 640, 3), np.float32)
        canvas[:height, :width] = cv2.resize(rgb[..., ::-1], (width, height), interpolation=cv2.INTER_LINEAR)
        out = dict(zip(self.names, self.net.run(None, {"input": canvas.transpose(2, 0, 1)[None]})))
        faces = [face for stride in (8, 16, 32) for face in self._decode(out, stride)]
        if not faces:
            return None
        box, points = max(faces, key=lambda face: face[0][2] * face[0][3])
        return box / ratio, points / ratio

    @staticmethod
    def _decode(out, stride):
        score = np.sqrt(np.clip(out[f"cls_{stride}"][0, :, 0], 0, 1) * np.clip(out[f"obj_{stride}"][0, :, 0], 0, 1))
        cells = 640 // stride
        for i in np.flatnonzero(score > 0.6):
            grid = np.array([i % cells, i // cells])
            b = out[f"bbox_{stride}"][0, i]
            size = np.exp(b[2:]) * stride
            corner = (grid + b[:2]) * stride - size / 2
            points = (out[f"kps_{stride}"][0, i].reshape(5, 2) + grid) * stride
            yield np.concatenate([corner, size]), points


class Mesh:
    """MediaPipe's 478-point face mesh on a rotated square crop."""

    def __init__(self, path: Path):
        self.net = session(path)
        self.input = self.net.get_inputs()[0].name

    def __call__(self, rgb: np.ndarray, crop: Crop) -> np.ndarray:
        matrix = crop.matrix()
        patch = cv2.warpAffine(rgb, matrix, (CROP, CROP), flags=cv2.INTER_LINEAR).astype(np.float32) / 255
        points = self.infer(patch[None])
        back = cv2.invertAffineTransform(matrix)
        xy = points[:, :2] @ back[:, :2].T + back[:, 2]
        return np.concatenate([xy, points[:, 2:] * crop.side / CROP], 1)

    def infer(self, patch: np.ndarray) -> np.ndarray:
        outputs = self.net.run(None, {self.input: patch})
        return next(o for o in outputs if o.size == 478 * 3).reshape(478, 3)


def crop_from_detection(box, points) -> Crop:
    eyes = points[1] - points[0]
    x, y, w, h = box
    return Crop(x + w / 2, y + h / 2, MARGIN * max(w, h), float(np.arctan2(eyes[1], eyes[0])))


def crop_from_mesh(points) -> Crop:
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    eyes = points[EYE_LEFT] - points[EYE_RIGHT]
    centre = (low + high) / 2
    return Crop(centre[0], centre[1], MARGIN * (high - low).max(), float(np.arctan2(eyes[1], eyes[0])))


def track(frames: np.ndarray, detector: Detector, mesh: Mesh) -> np.ndarray | None:
    """Landmarks [T, 478, 3] in image pixels for every frame, or None when no face is found."""
    crop, keys, points = None, [], []
    for index in range(0, len(frames), MESH_EVERY):
        if crop is None or index % DETECT_EVERY == 0:
            found = detector(frames[index])
            crop = crop_from_detection(*found) if found else crop
        if crop is None:
            continue
        points.append(mesh(frames[index], crop))
        keys.append(index)
        crop = crop_from_mesh(points[-1])
    return interpolate(np.array(keys), np.array(points), len(frames)) if keys else None


def interpolate(keys: np.ndarray, points: np.ndarray, frames: int) -> np.ndarray:
    """Linear between the frames the mesh saw, held at both ends."""
    at = np.clip(np.arange(frames), keys[0], keys[-1])
    right = np.clip(np.searchsorted(keys, at), 1, len(keys) - 1) if len(keys) > 1 else np.zeros(frames, int)
    left = np.maximum(right - 1, 0)
    span = np.maximum(keys[right] - keys[left], 1)
    weight = ((at - keys[left]) / span)[:, None, None]
    return points[left] * (1 - weight) + points[right] * weight


def read_frames(path: Path) -> np.ndarray:
    """RGB frames [T, H, W, 3] at 25 frames a second."""
    probe = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0"]
    width, height = map(int, subprocess.check_output([*probe, str(path)]).decode().strip().strip(",").split(",")[:2])
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-an", "-r", str(FPS), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def read_sound(path: Path) -> np.ndarray:
    """Mono samples in [-1, 1] at 16 kHz."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vn", "-ac", "1", "-ar", str(SAMPLE_RATE), "-f", "s16le", "-"]
    raw = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return np.frombuffer(raw, np.int16).astype(np.float32) / 32768
