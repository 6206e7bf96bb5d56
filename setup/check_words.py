#!/usr/bin/env python3
"""Counts words of the old private vocabulary in tracked text. A count may fall, never rise: setup/words.toml has today's.

    setup/check_words.py            fails when a count rose, and shows where such words stand
    setup/check_words.py --lower    writes the lower counts of today
"""

import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "setup/words.toml"
TEXT = {".rs", ".proto", ".md", ".ts", ".tsx", ".py", ".sh", ".mjs", ".toml", ".sql"}
# The table itself, and files that have to quote such words.
EXEMPT = {"setup/words.toml", "setup/check_words.py", "CHANGELOG.md"}


def read_lines():
    """Every (file, line number, line) of tracked text."""
    lines = []
    for name in subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n"):
        path = ROOT / name
        if path.suffix not in TEXT or name in EXEMPT or "fixtures" in path.parts or not path.is_file():
            continue
        # The checksums of migrations forbid changes.
        if path.suffix == ".sql" and path.parent.name == "migrations":
            continue
        text = path.read_text(encoding="utf-8", errors="replace").split("\n")
        lines += [(name, number, line.strip()) for number, line in enumerate(text, 1)]
    return lines


def occurrences(lines, pattern):
    """The lines that match, each as often as it does."""
    return [place for place in lines for _ in pattern.finditer(place[2])]


def main():
    table = tomllib.loads(TABLE.read_text())["word"]
    risen, lines = False, read_lines()
    for entry in table:
        found = occurrences(lines, re.compile(entry["pattern"], re.IGNORECASE))
        if len(found) > entry["at_most"]:
            risen = True
            print(f"{entry['pattern']}: {len(found)} times, at most {entry['at_most']}; write {entry['instead']}")
            for name, number, line in found[-(len(found) - entry["at_most"] + 5):]:
                print(f"  {name}:{number}: {line[:120]}")
        entry["at_most"] = min(entry["at_most"], len(found))
    if "--lower" in sys.argv:
        write(table)
    sys.exit(1 if risen else 0)


def write(table):
    lines = TABLE.read_text().split("[[word]]")[0]
    for entry in table:
        lines += f"[[word]]\npattern = '{entry['pattern']}'\ninstead = '{entry['instead']}'\nat_most = {entry['at_most']}\n\n"
    TABLE.write_text(lines.rstrip("\n") + "\n")


if __name__ == "__main__":
    main()
