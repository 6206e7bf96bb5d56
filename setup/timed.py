#!/usr/bin/env python3
"""Runs the parts of the tests and reports how long each took.

    setup/timed.py start               forgets the times of earlier runs
    setup/timed.py cargo [ARGUMENT..]  `cargo test` with these arguments; notes the time of each test binary
    setup/timed.py run NAME COMMAND..  any other part
    setup/timed.py show                prints the table, the slowest part first
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import time

TIMES = pathlib.Path(__file__).resolve().parent.parent / "target/test-times.tsv"
RUNNING = re.compile(r"^\s+Running .*\((.+)\)$|^\s+Doc-tests (\S+)$")
FINISHED = re.compile(r"^test result: .*; finished in ([0-9.]+)s$")


def note(name, seconds):
    TIMES.parent.mkdir(exist_ok=True)
    with TIMES.open("a") as file:
        file.write(f"{seconds:.1f}\t{name}\n")


def build(arguments):
    """Builds the test binaries; returns the name of each by its path."""
    command = ["cargo", "test", *arguments, "--no-run", "--message-format=json-render-diagnostics"]
    names = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            message = json.loads(line) if line.startswith("{") else {}
            if message.get("reason") == "compiler-artifact" and message.get("executable"):
                # A package id ends with #NAME@VERSION, or with #VERSION after a folder of its name.
                folder, _, identity = message["package_id"].partition("#")
                package = identity.split("@")[0] if "@" in identity else folder.rsplit("/", 1)[-1]
                target = message["target"]
                names[message["executable"]] = f"{package} {target['kind'][0]} {target['name']}"
    if process.returncode:
        sys.exit(process.returncode)
    return names


def run_cargo(arguments):
    started = time.monotonic()
    names = build(arguments)
    note("build of the tests", time.monotonic() - started)
    current = None
    command = ["cargo", "test", *arguments]
    # A backtrace of an asynchronous test is pages of the runtime's frames, which hide what was asserted.
    # The seed of the property tests is fixed, so that the same tree gives the same result; set another to search further.
    environment = {"PROPTEST_RNG_SEED": "1"} | os.environ | {"RUST_BACKTRACE": "0"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            if match := RUNNING.match(line.rstrip("\n")):
                path = str(TIMES.parent.parent / match[1]) if match[1] else ""
                current = names.get(path, match[1] or f"{match[2]} documentation")
            elif (match := FINISHED.match(line.rstrip("\n"))) and current:
                note(current, float(match[1]))
                current = None
    sys.exit(process.returncode)


def run(name, command):
    started = time.monotonic()
    status = subprocess.run(command).returncode
    note(name, time.monotonic() - started)
    sys.exit(status)


def show():
    rows = [line.split("\t") for line in TIMES.read_text().splitlines()]
    rows = sorted(((float(seconds), name) for seconds, name in rows), reverse=True)
    print("Seconds of each part of the tests:")
    for seconds, name in rows:
        if seconds >= 0.5:
            print(f"{seconds:8.1f}  {name}")
    total = sum(seconds for seconds, _ in rows)
    print(f"{total:8.1f}  together ({total / 60:.1f} minutes), {sum(seconds < 0.5 for seconds, _ in rows)} parts below half a second")


def main():
    match sys.argv[1:]:
        case ["start"]:
            TIMES.unlink(missing_ok=True)
        case ["cargo", *arguments]:
            run_cargo(arguments)
        case ["run", name, *command] if command:
            run(name, command)
        case ["show"]:
            show()
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
