#!/bin/sh
# From the wild clips and GRID to the constants of the media-authenticity model and its figures.
#   training/authenticity/run.sh <folder with wild/ and video/grid/> <model pack>
# Needs ffmpeg, a Python with numpy, and cargo.
set -eu
data=$(realpath "${1:?usage: run.sh <data folder> <model pack>}")
pack=$(realpath "${2:?usage: run.sh <data folder> <model pack>}")
cd "$(dirname "$0")"
python="${PYTHON:-python3}"
"$python" manifest.py "$data" build
cargo build --quiet --release -p face --example cues
"$python" -c 'import json; [print(json.loads(line)["path"]) for line in open("build/manifest.jsonl")]' | tr '\n' '\0' |
    BIOMETRY_MODELS="$pack" xargs -0 -n 100 ../../target/release/examples/cues > build/cues.tsv
"$python" fit.py build/cues.tsv build/manifest.jsonl ../../crates/face/src/authenticity/model.json figures.json
