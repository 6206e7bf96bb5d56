"""Makes log_mel_features.f32 of fbank_sound.f32 with faster-whisper's feature extractor.

    pip install --no-deps faster-whisper==1.2.1 && pip install numpy && python make_log_mel_reference.py
"""
import importlib.util
import sys
from pathlib import Path

import numpy as np

# The module alone: the package itself imports much that is not needed here.
found = next(p for p in map(Path, sys.path) if (p / "faster_whisper/feature_extractor.py").is_file())
spec = importlib.util.spec_from_file_location("feature_extractor", found / "faster_whisper/feature_extractor.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
sound = np.fromfile("fbank_sound.f32", "<f4")
# A second of silence after the sound; the extractor itself adds none then.
features = module.FeatureExtractor()(np.concatenate([sound, np.zeros(16000, np.float32)]), padding=0)
features.astype("<f4").tofile("log_mel_features.f32")
print(features.shape, features.min(), features.max())
