#!/bin/sh
# Everything from a GRID folder: features, training, held-out figures, weights, reference tensors.
#   training/run.sh <folder with s1/ s2/ .. of .mp4 and <speaker>-words.tsv>
# Needs ffmpeg, Debian's python3-torch (1.13, CPU), and the model pack and fixtures that set-up makes.
set -eu
grid=$(realpath "${1:?usage: run.sh <GRID folder>}")
cd "$(dirname "$0")"
if [ ! -x .venv/bin/python ]; then
    /usr/bin/python3 -m venv --system-site-packages .venv
    .venv/bin/pip install --quiet --requirement requirements.txt
fi
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
[ -f build/features.npz ] || nice -n 15 .venv/bin/python features.py "$grid"
nice -n 15 .venv/bin/python evaluate.py "$grid"
nice -n 15 .venv/bin/python publish.py
