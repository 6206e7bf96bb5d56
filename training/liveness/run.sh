#!/bin/sh
# From a GRID folder to the constants of the fused liveness model and its figures.
#   training/liveness/run.sh <folder with s1/ s2/ .. of .mp4> <model pack> [clips a speaker]
# Needs ffmpeg, a Python with numpy and onnxruntime, and cargo. A tenth of a second of CPU a clip to judge, three to make.
set -eu
grid=$(realpath "${1:?usage: run.sh <GRID folder> <model pack> [clips a speaker]}")
pack=$(realpath "${2:?usage: run.sh <GRID folder> <model pack> [clips a speaker]}")
cd "$(dirname "$0")"
python="${PYTHON:-python3}"
"$python" attacks.py "$grid" "$pack" build/clips "${3:-10}"
cargo build --quiet --release -p face --example cues
find "$PWD/build/clips" -name '*.mp4' | sort |
    BIOMETRY_MODELS="$pack" xargs -n 100 ../../target/release/examples/cues > build/cues.tsv
"$python" fit.py build/cues.tsv build/clips/manifest.jsonl ../../crates/face/src/liveness/model.json figures.json
