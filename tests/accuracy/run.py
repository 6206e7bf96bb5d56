#!/usr/bin/env python3
"""Builds manifests of the development data, has `biometry evaluate` judge them, and writes the tables of docs/ACCURACY.md.

Ends with status 1 when a bar of its own table is missed (not measured is missed), or a rate is significantly worse than the
committed one in docs/accuracy/figures.json.

Made media and results stay in --work: a run that was stopped goes on, and a kind is judged again only when the manifest,
the binary or the models changed (or with --again). --only takes some kinds; --tables judges nothing.
Needs ffmpeg, numpy and onnxruntime (the environment of set-up); espeak-ng makes the machine's voices.
"""
import argparse
import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

import manifests
import report

ROOT = Path(__file__).resolve().parents[2]
# What a run is compared with; --commit writes it.
FIGURES = ROOT / "docs/accuracy/figures.json"
KINDS = ["fingerprint", "face", "voice", "phrase", "visual-speech", "active-speaker", "liveness", "media-authenticity", "document"]


def main():
    options = arguments()
    options.work.mkdir(parents=True, exist_ok=True)
    data = manifests.Data(options.data.resolve(), options.work.resolve(), options.models.resolve(), ROOT / "fixtures", options.clips)
    failed = []
    for kind in [] if options.tables else options.only or KINDS:
        try:
            judge(kind, data, options)
        except subprocess.CalledProcessError as error:
            # The other kinds are worth having.
            failed.append(kind)
            print(f"{kind}: {error}", file=sys.stderr)
        # After each kind, so that a run that is stopped leaves what it had.
        tables(options)
    results = tables(options)
    bars = report.bars(results)
    for line in bars:
        print(" | ".join(line))
    problems = [f"not measured: {kind}" for kind in failed]
    problems += [f"bar missed: {line}" for line in report.missed(bars)]
    problems += [f"worse than committed: {line}" for line in report.losses(results, committed())]
    if options.commit and not failed:
        FIGURES.write_text(json.dumps({**committed(), **report.figures(results)}, indent=1) + "\n")
    if problems:
        sys.exit("\n".join(problems))


def committed():
    """The figures of the last run that was committed."""
    return json.loads(FIGURES.read_text()) if FIGURES.is_file() else {}


def tables(options):
    """Writes what there is, and answers it."""
    results = {kind: json.loads(file(options, kind).read_text()) for kind in KINDS if file(options, kind).is_file()}
    if options.out:
        report.write(options.out, results, options.clips)
    return results


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--biometry", type=Path, default=ROOT / "target/release/biometry", help="the binary")
    parser.add_argument("--generator", type=Path, default=ROOT / "target/release/examples/generate",
                        help="the built example `generate` of tests/documents")
    parser.add_argument("--data", type=Path, required=True, help="folder of the development data")
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="folder of the model pack")
    parser.add_argument("--work", type=Path, default=ROOT / "target/accuracy", help="folder for media and results")
    parser.add_argument("--out", type=Path, help="Markdown file whose tables are replaced; curves go beside it")
    parser.add_argument("--only", nargs="+", choices=KINDS, help="these kinds alone")
    parser.add_argument("--clips", type=int, default=12, help="clips of each GRID speaker, 16 at most")
    parser.add_argument("--again", action="store_true", help="judge again what has not changed")
    parser.add_argument("--commit", action="store_true", help="take these figures as the ones to compare with")
    parser.add_argument("--tables", action="store_true", help="judge nothing, make the tables of what there is")
    return parser.parse_args()


def file(options, kind):
    return options.work / f"{kind}.json"


def judge(kind, data, options):
    """Runs the harness unless the same was judged by the same."""
    build = getattr(manifests, kind.replace("-", "_"))
    started = time.monotonic()
    items = build(data, options.generator if options.generator.is_file() else None) if kind == "document" else build(data)
    manifest = options.work / f"{kind}.jsonl"
    manifests.write(items, manifest)
    mark = options.work / f"{kind}.of"
    now = hashlib.sha256(manifest.read_bytes() + options.biometry.read_bytes()
                         + (options.models / "manifest.json").read_bytes()).hexdigest()
    if not options.again and mark.is_file() and mark.read_text() == now and file(options, kind).is_file():
        return print(f"{kind}: {len(items)} items, judged before", file=sys.stderr)
    made = time.monotonic()
    curve = (options.out.parent / "accuracy" / f"{kind}.svg") if options.out else options.work / f"{kind}.svg"
    curve.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([options.biometry, "evaluate", "--kind", kind, "--manifest", manifest, "--out", file(options, kind),
                    "--det", curve, "--models-dir", options.models], check=True, stdout=subprocess.DEVNULL)
    mark.write_text(now)
    print(f"{kind}: {len(items)} items, made in {made - started:.0f} s, judged in {time.monotonic() - made:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
