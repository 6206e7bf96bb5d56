"""Makes fbank_sound.f32 and fbank_features.f32 with kaldi-native-fbank, an implementation of Kaldi's own code.

    pip install kaldi-native-fbank numpy && python make_fbank_reference.py
"""
import kaldi_native_fbank as knf
import numpy as np

rng = np.random.default_rng(7)
t = np.arange(8000) / 16000
# A gliding buzz with noise, a DC offset, and a silent stretch that reaches the log floor.
phase = 2 * np.pi * np.cumsum(120 + 80 * t) / 16000
sound = sum(np.sin(k * phase) / k for k in range(1, 40)) * 0.2 + rng.normal(0, 0.01, t.size) + 0.05
sound[4000:5000] = 0
sound = sound.astype("<f4")

options = knf.FbankOptions()
options.frame_opts.samp_freq = 16000
options.frame_opts.dither = 0
options.frame_opts.snip_edges = True
options.frame_opts.window_type = "povey"
options.mel_opts.num_bins = 80
options.mel_opts.low_freq = 20
options.mel_opts.high_freq = 0
bank = knf.OnlineFbank(options)
bank.accept_waveform(16000, sound.tolist())
bank.input_finished()
features = np.stack([bank.get_frame(i) for i in range(bank.num_frames_ready)])
features = (features - features.mean(0)).astype("<f4")
sound.tofile("fbank_sound.f32")
features.tofile("fbank_features.f32")
print(features.shape, features.min(), features.max())
