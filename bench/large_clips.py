#!/usr/bin/env python3
"""Wall time and CPU of process-video for 12 s clips as cameras of telephones write them: 4K in H.264, 1080p in HEVC.

The clips are made once, with ffmpeg, of the clip that `make bench` uses, and lie in target/bench/clips. The bar is 5 s of
wall time on two idle cores; on a busy machine the CPU seconds are the figure to compare. Ends with 1 when a clip misses
the bar given with --bar.
"""
import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import load
from bench import Ours

SECONDS = 12
# What a camera's sensor adds: without it, coders leave next to nothing to decode.
NOISE = "noise=alls=5:allf=t"
CLIPS = {
    "640x480 h264": ["-vf", "scale=640:480", "-c:v", "libx264", "-preset", "fast"],
    "1080p h264": ["-vf", f"scale=1920:1080,{NOISE}", "-c:v", "libx264", "-preset", "fast", "-b:v", "12M"],
    "1080p hevc": ["-vf", f"scale=1920:1080,{NOISE}", "-c:v", "libx265", "-preset", "fast", "-b:v", "8M",
                   "-x265-params", "log-level=error"],
    "1080p hevc 10 bit": ["-vf", f"scale=1920:1080,{NOISE}", "-c:v", "libx265", "-preset", "fast", "-b:v", "8M",
                          "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=error"],
    "4K h264": ["-vf", f"scale=3840:2160,{NOISE}", "-c:v", "libx264", "-preset", "fast", "-b:v", "25M"],
    "4K h264 30 fps": ["-vf", f"fps=30,scale=3840:2160,{NOISE}", "-c:v", "libx264", "-preset", "fast", "-b:v", "25M"],
    "4K hevc": ["-vf", f"scale=3840:2160,{NOISE}", "-c:v", "libx265", "-preset", "ultrafast", "-b:v", "20M",
                "-x265-params", "log-level=error"],
}


def main():
    options = arguments()
    folder = Path("target/bench/clips")
    names = [name for name in CLIPS if not options.only or options.only in name]
    clips = {name: make(name, folder, options.fixtures / "bench_5s_640x480.mp4") for name in names}
    clips.update({str(path): path for path in options.clips})
    with tempfile.TemporaryDirectory(prefix="biometry-bench-") as data:
        server = Ours(options.biometry, Path(data), options.fixtures / "bench_5s_640x480.mp4")
        try:
            server.target.send(0)
            print(f"{'12 s clips':24}{'MB':>7}{'wall s':>9}{'CPU s':>9}{'workers':>9}{'cores':>7}  verdict, stages (CPU ms)")
            walls = [measure(server, name, clip, options.times) for name, clip in clips.items()]
        finally:
            server.stop()
    if options.bar and max(walls) > options.bar:
        sys.exit(f"a clip took {max(walls):.2f} s, longer than {options.bar} s")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--biometry", type=Path, default=Path("target/release/biometry"))
    parser.add_argument("--fixtures", type=Path, default=Path("fixtures"))
    parser.add_argument("--times", type=int, default=3, help="calls of each clip")
    parser.add_argument("--only", help="clips whose name has this in it")
    parser.add_argument("--bar", type=float, help="most seconds of wall time")
    parser.add_argument("clips", type=Path, nargs="*", help="further clips")
    return parser.parse_args()


def make(name, folder, source):
    """The clip of that name, which a killed run does not leave half written."""
    clip = folder / f"{name.replace(' ', '_')}.mp4"
    if not clip.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = clip.with_suffix(".part.mp4")
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-stream_loop", "-1", "-i", source, "-t", str(SECONDS), *CLIPS[name],
                        *([] if "-pix_fmt" in CLIPS[name] else ["-pix_fmt", "yuv420p"]), "-c:a", "aac", unfinished],
                       check=True)
        unfinished.rename(clip)
    return clip


def measure(server, name, clip, times):
    """Prints the medians of a clip and returns its wall seconds."""
    target = load.Target(server.address, "/api-gateway/process-video", server.target.phrase, clip, lambda n: server.headers)
    results = [call(server, target) for _ in range(times)]
    wall, cpu, workers = (statistics.median(r[i] for r in results) for i in range(3))
    _, _, _, verdict, stages = results[-1]
    print(f"{name:24}{len(target.video) / 1e6:7.1f}{wall:9.2f}{cpu:9.2f}{workers:9.2f}{cpu / wall:7.2f}  {verdict}, {stages}",
          flush=True)
    return wall


def call(server, target):
    """(wall seconds, CPU seconds, of them in media workers, verdict, stages) of one call."""
    settle(server)
    before, own_before = load.cpu_seconds(load.process_tree(server.process.pid)), own(server)
    status, body, wall = target.send(0)
    if status != 200:
        raise SystemExit(f"refused: {status} {body[:300]!r}")
    settle(server)
    cpu = load.cpu_seconds(load.process_tree(server.process.pid)) - before
    workers = cpu - (own(server) - own_before)
    newest = server.call("GET", "/api-transactions/transactions?limit=1")[2]["data"][0]["id"]
    record = server.call("GET", f"/api-transactions/transactions/{newest}")[2]["data"]
    stages = " ".join(f"{s['stage']} {s['cpu_ms']:.0f}" for s in record["durations"]["stages"] if s["cpu_ms"] >= 20)
    return wall, cpu, workers, json.loads(body)["data"].get("verdict") or record.get("verdict"), stages


def own(server):
    """CPU seconds of the server's own process."""
    fields = load.stat_fields(server.process.pid)
    return sum(int(v) for v in fields[11:13]) / load.TICKS


def settle(_server):
    """Workers count once their zygote has collected their supervisors, which it does every second."""
    time.sleep(1.3)


if __name__ == "__main__":
    main()
