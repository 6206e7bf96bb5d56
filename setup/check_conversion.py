"""Compare the converted face mesh and blendshapes with the TFLite reference interpreter on real faces.

Not part of set-up: run it once after the converter or the weights change, in an environment with
`ai-edge-litert`, `opencv-python-headless`, `onnx`, `onnxruntime` and `tflite`.

    check_conversion.py FACE_LANDMARKER.task DETECTOR.onnx PICTURE_OR_VIDEO...
"""

import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import tflite_to_onnx
from ai_edge_litert.interpreter import Interpreter

# The 146 mesh points that the blendshape model reads, in its order (MediaPipe, face_blendshapes_graph.cc, Apache-2.0).
BLENDSHAPE_POINTS = [
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80,
    81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153, 154,
    155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263,
    267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321,
    323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386, 387,
    388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
]


def pictures(paths):
    """Every picture; every tenth frame of a video."""
    for path in paths:
        capture = cv2.VideoCapture(path)
        index = 0
        while True:
            good, frame = capture.read()
            if not good:
                break
            if index % 10 == 0:
                yield frame
            index += 1


def faces(detector, bgr):
    """Boxes (x, y, w, h) and eye points of the faces that score above 0.7, on a 640 letterbox."""
    scale = 640 / max(bgr.shape[:2])
    small = cv2.resize(bgr, None, fx=scale, fy=scale)
    canvas = np.zeros((640, 640, 3), np.float32)
    canvas[: small.shape[0], : small.shape[1]] = small[:640, :640]
    names = [o.name for o in detector.get_outputs()]
    out = dict(zip(names, detector.run(None, {"input": canvas.transpose(2, 0, 1)[None]})))
    boxes, points, scores = [], [], []
    for stride in (8, 16, 32):
        score = np.sqrt(np.clip(out[f"cls_{stride}"][0, :, 0] * out[f"obj_{stride}"][0, :, 0], 0, 1))
        hit = np.flatnonzero(score > 0.7)
        grid = np.stack([hit % (640 // stride), hit // (640 // stride)], 1)
        size = np.exp(out[f"bbox_{stride}"][0][hit, 2:]) * stride
        centre = (grid + out[f"bbox_{stride}"][0][hit, :2]) * stride
        boxes += np.hstack([centre - size / 2, size]).tolist()
        points += ((out[f"kps_{stride}"][0][hit].reshape(-1, 5, 2) + grid[:, None]) * stride).tolist()
        scores += score[hit].tolist()
    keep = cv2.dnn.NMSBoxes(boxes, scores, 0.7, 0.3)
    return [(np.array(boxes[i]) / scale, np.array(points[i]) / scale) for i in np.array(keep, int).ravel()]


def mesh_crop(bgr, box, points):
    """The square that the mesh expects: 1.5 times the box, upright eyes, RGB 0-1, [1,256,256,3]."""
    x, y, w, h = box
    eyes = points[1] - points[0]
    matrix = cv2.getRotationMatrix2D((x + w / 2, y + h / 2), np.degrees(np.arctan2(eyes[1], eyes[0])), 256 / (1.5 * max(w, h)))
    matrix[:, 2] += 128 - x - w / 2, 128 - y - h / 2
    return cv2.warpAffine(bgr, matrix, (256, 256))[None, ..., ::-1].astype(np.float32) / 255


def reference(data):
    interpreter = Interpreter(model_content=data)
    interpreter.allocate_tensors()
    entry, outputs = interpreter.get_input_details()[0], interpreter.get_output_details()

    def run(value):
        interpreter.set_tensor(entry["index"], value)
        interpreter.invoke()
        return {o["name"].split(":")[0]: interpreter.get_tensor(o["index"]) for o in outputs}

    return run


def main(task, detector_path, paths):
    archive = zipfile.ZipFile(task)
    mesh_data, blend_data = archive.read("face_landmarks_detector.tflite"), archive.read("face_blendshapes.tflite")
    mesh_reference, blend_reference = reference(mesh_data), reference(blend_data)
    mesh = onnxruntime.InferenceSession(tflite_to_onnx.convert(mesh_data))
    blend = onnxruntime.InferenceSession(tflite_to_onnx.convert(blend_data))
    detector = onnxruntime.InferenceSession(detector_path)
    count, point_error, presence_error, blend_error, crops = 0, 0.0, 0.0, 0.0, []
    for bgr in pictures(paths):
        for box, points in faces(detector, bgr):
            crop = mesh_crop(bgr, box, points)
            expected = mesh_reference(crop)
            got = dict(zip(["Identity", "Identity_1", "Identity_2"],
                           mesh.run(["Identity", "Identity_1", "Identity_2"], {"input_12": crop})))
            point_error = max(point_error, np.abs(expected["Identity"].reshape(478, 3) - got["Identity"][0]).max())
            presence_error = max(presence_error, np.abs(expected["Identity_1"] - got["Identity_1"]).max())
            chosen = got["Identity"][:, BLENDSHAPE_POINTS, :2]
            scores = next(iter(blend_reference(chosen).values()))
            blend_error = max(blend_error, np.abs(scores - blend.run(None, {"points": chosen})[0]).max())
            crops.append((crop, got["Identity"]))
            count += 1
    batch = mesh.run(["Identity"], {"input_12": np.concatenate([c for c, _ in crops[:8]])})[0]
    batch_error = np.abs(batch - np.concatenate([p for _, p in crops[:8]])).max()
    print(f"{count} faces: mesh points differ by at most {point_error:.2e} px, presence {presence_error:.2e}, "
          f"blendshapes {blend_error:.2e}, batched against single {batch_error:.2e} px")
    return count > 0 and point_error < 0.01 and presence_error < 1e-3 and blend_error < 1e-3


if __name__ == "__main__":
    sys.exit(0 if main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]) else 1)
