#!/usr/bin/env python3
"""Measures how recordings that were used before are recognised: misses under transformations, false alarms between takes.

    cargo build --release -p svc-ml --example replays
    tests/accuracy/replays.py --replays target/release/examples/replays --data SHARED/data [--clips 40] [--out docs/ACCURACY.md]

Sources are people talking: GRID (one camera and background a speaker, sentences of one grammar, so that every two clips share
words) and people outside studios. Each is coded anew, mirrored, scaled, cut, put into WebM, given another frame rate, and all of
it at once. Thresholds are fitted on the clips of every second source, and the table is of the others: the likeness is a multiple of
the shipped threshold, and the largest one between two originals of the fitted half says how far the threshold is from it.
"""

import argparse
import random
import re
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

H264 = "-c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv420p"
TRANSFORMATIONS = {
    "coded at low quality": f"{H264} -crf 33 -c:a aac -b:a 48k",
    "mirrored": f"-vf hflip {H264} -crf 23 -c:a aac -b:a 96k",
    "half the size": f"-vf scale=trunc(iw/4)*2:trunc(ih/4)*2 {H264} -crf 23 -c:a aac -b:a 96k",
    "cut at both ends": f"-ss 0.53 -t 2.2 {H264} -crf 23 -c:a aac -b:a 96k",
    "WebM (VP8, Opus)": "-threads 1 -c:v libvpx -b:v 400k -deadline realtime -cpu-used 8 -c:a libopus -ar 48000 -b:a 32k",
    "30 frames a second": f"-r 30 {H264} -crf 23 -c:a aac -b:a 96k",
    "mirrored, scaled, cut, coded": f"-ss 0.31 -vf hflip,scale=iw*3/4:ih*3/4,scale=trunc(iw/2)*2:trunc(ih/2)*2 {H264} -crf 30 -c:a aac -b:a 48k",
    "sound taken away": "-an -c:v copy",
    "a picture under the sound": "-vf select=eq(n\\,0),loop=loop=75:size=1:start=0,setpts=N/25/TB " + f"{H264} -crf 23 -c:a copy",
}
BEGIN, END = "<!-- replays -->", "<!-- /replays -->"


def main():
    options = arguments()
    clips = sources(options.data, options.clips)
    with tempfile.TemporaryDirectory(prefix="biometry-replays-") as folder:
        lines = transformed(clips, Path(folder))
        manifest = Path(folder) / "manifest.tsv"
        manifest.write_text("".join(f"{name}\t{source}\t{file}\n" for name, source, file in lines))
        done = subprocess.run([options.replays, manifest], check=True, capture_output=True, text=True)
    table = report(done.stdout)
    print(table)
    if options.out:
        write(options.out, table)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replays", type=Path, required=True, help="the example `replays` of svc-ml")
    parser.add_argument("--data", type=Path, required=True, help="folder of the development data")
    parser.add_argument("--clips", type=int, default=40, help="most clips of a speaker of GRID and of each other folder")
    parser.add_argument("--out", type=Path, help="document whose table is replaced")
    return parser.parse_args()


def sources(data, most):
    """Clips by the source they are of, by a fixed choice."""
    chosen = random.Random(1)
    found = []
    for speaker in sorted((data / "video/grid").iterdir()):
        clips = sorted(speaker.glob("*.mp4"))
        found += chosen.sample(clips, min(most, len(clips)))
    for folder in ("wild/real", "wild/fake", "wild/replay", "spoof"):
        clips = sorted((data / folder).glob("*.mp4"))
        found += chosen.sample(clips, min(most, len(clips)))
    return [(f"{clip.parent.name}/{clip.stem}", clip) for clip in found]


def transformed(clips, folder):
    """(name, source, file) of every clip and of each transformation of it."""
    lines = []
    for number, (source, clip) in enumerate(clips):
        lines.append((source, source, clip))
        for kind, arguments in enumerate(TRANSFORMATIONS.items()):
            words, command = arguments
            out = folder / f"{number}-{kind}.{'webm' if 'libvpx' in command else 'mp4'}"
            run = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", clip, *command.split(), "-map_metadata", "-1", out]
            if subprocess.run(run, capture_output=True).returncode == 0:
                lines.append((f"{source} {words}", source, out))
    return lines


def is_fitted(source, order):
    """Whether a clip belongs to the half that thresholds are fitted on."""
    return order[source] % 2 == 0


def report(output):
    rows = [line.split("\t") for line in output.splitlines() if not line.startswith("#")]
    order = {source: number for number, source in enumerate(sorted({row[1] for row in rows}))}
    found, false = defaultdict(list), {True: [], False: []}
    for name, source, original, sound, picture in rows:
        sound, picture = float(sound), float(picture)
        if source == original:
            words = name.removeprefix(f"{source} ")
            if not is_fitted(source, order):
                found[words].append((sound, picture))
        elif name == source and is_fitted(source, order) == is_fitted(original, order):
            false[is_fitted(source, order)].append((sound, picture))
    lines = ["| transformation | clips | missed | missed by the sound alone | missed by the picture alone |", "|---|---|---|---|---|"]
    for words in TRANSFORMATIONS:
        pairs = found[words]
        missed = lambda of: share(sum(of(pair) < 1 for pair in pairs), len(pairs))
        lines.append(f"| {words} | {len(pairs)} | {missed(max)} | {missed(lambda p: p[0])} | {missed(lambda p: p[1])} |")
    fitted, checked = false[True], false[False]
    alarms = sum(max(pair) >= 1 for pair in checked)
    lines += ["", f"False alarms: {alarms} of {len(checked)} ordered pairs of different clips of the half that nothing was fitted on. "
              f"Largest likeness there (1 is the threshold): sound {top(checked, 0)}, picture {top(checked, 1)}; "
              f"on the half that thresholds were fitted on: sound {top(fitted, 0)}, picture {top(fitted, 1)}."]
    return "\n".join(lines)


def share(count, of):
    return f"{count} ({count / of:.1%})" if of else "-"


def top(pairs, of):
    return f"{max((pair[of] for pair in pairs), default=0):.2f}"


def write(document, table):
    text = document.read_text()
    made = re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{table}\n{END}", text, flags=re.S)
    if made == text and BEGIN not in text:
        raise SystemExit(f"{document} has no place for the table ({BEGIN})")
    document.write_text(made)


if __name__ == "__main__":
    main()
