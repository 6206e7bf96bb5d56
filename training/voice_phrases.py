"""Reports how well `crates/voice` tells said phrases from others.

    python training/voice_sets.py DATA OUT
    cargo run -p voice --example score_voices < OUT/phrase.tsv > OUT/phrase.jsonl
    python training/voice_phrases.py OUT/phrase.jsonl

`genuine` is what was said, `one-wrong` differs in one word, `other` is another phrase. No threshold is set here.
"""
import json
import sys
from pathlib import Path

import numpy as np


def main():
    cases = {}
    for line in map(json.loads, Path(sys.argv[1]).read_text().splitlines()):
        cases.setdefault(line["case"], []).append(line)
    print("case                  n  cannot judge  accepted  median llr  word likeness  ms (5 s)  free ms (5 s)")
    for case, lines in sorted(cases.items()):
        judged = [line for line in lines if "evidence" in line]
        evidence = [line["evidence"] for line in judged]
        seconds = np.array([line["times"]["audio_s"] for line in judged]) / 5
        spent, free = ([(line["times"]["ms"], line["free_ms"]) for line in judged] / seconds[:, None]).mean(0)
        print(f"{case:20} {len(lines):3} {len(lines) - len(judged):13} {np.mean([e['said'] for e in evidence]):9.1%} "
              f"{np.median([e['llr'] for e in evidence]):11.2f} {np.mean([e['similarity'] for e in evidence]):14.3f} "
              f"{spent:9.0f} {free:14.0f}")


if __name__ == "__main__":
    main()
