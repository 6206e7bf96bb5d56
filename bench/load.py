"""Closed-loop load and the accounting of a process tree. Standard library only."""
import json
import math
import os
import statistics
import threading
import time
import uuid
from http.client import HTTPConnection
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class Target:
    """One HTTP endpoint that takes a video; `headers(n)` gives those of request n."""

    def __init__(self, address, path, phrase, video, headers=lambda n: {}):
        self.address, self.path, self.phrase, self.headers = address, path, phrase, headers
        self.video = Path(video).read_bytes()

    def send(self, number):
        """(status, body, seconds) of one request on a connection of its own."""
        boundary = uuid.uuid4().hex
        part = f"--{boundary}\r\nContent-Disposition: form-data; name="
        body = b"".join([f'{part}"phrase"\r\n\r\n{self.phrase}\r\n'.encode(),
                         f'{part}"video"; filename="clip.mp4"\r\nContent-Type: video/mp4\r\n\r\n'.encode(),
                         self.video, f"\r\n--{boundary}--\r\n".encode()])
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", **self.headers(number)}
        connection = HTTPConnection(self.address, timeout=180)
        started = time.perf_counter()
        connection.request("POST", self.path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text, time.perf_counter() - started


def run(target, clients, each, first=0):
    """Every answer and the wall seconds; a client sends its next request when the last is answered."""
    answers, lock = [], threading.Lock()

    def client(index):
        for i in range(each):
            answer = target.send(first + index * each + i)
            with lock:
                answers.append(answer)

    threads = [threading.Thread(target=client, args=(i,)) for i in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers, time.perf_counter() - started


def measure(target, pid, clients, each, first):
    """Throughput, latency, CPU and memory of one run; raises when a request failed."""
    sampler, before = MemorySampler(pid), cpu_seconds(process_tree(pid))
    sampler.start()
    answers, wall = run(target, clients, each, first)
    cpu = cpu_seconds(process_tree(pid)) - before
    sampler.done.set()
    sampler.join()
    failed = [a for a in answers if a[0] != 200]
    if failed:
        raise SystemExit(f"a request failed: {failed[0][0]} {failed[0][1][:300]!r}")
    return {"per_minute": 60 * len(answers) / wall, "p50": percentile(answers, .5), "p95": percentile(answers, .95),
            "cpu_s": cpu / len(answers), "rss_mib": sampler.peak / 2**20, "bodies": [json.loads(a[1]) for a in answers]}


def percentile(answers, share):
    """Nearest-rank percentile of the seconds."""
    seconds = sorted(a[2] for a in answers)
    return seconds[max(0, math.ceil(share * len(seconds)) - 1)]


def median_of(rounds, figure):
    return statistics.median(r[figure] for r in rounds)


def process_tree(root):
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := stat_fields(entry.name)):
            parents[int(entry.name)] = int(fields[1])
    tree = [root]
    for pid in tree:
        tree += [child for child, parent in parents.items() if parent == pid]
    return tree


def stat_fields(pid):
    """Fields of /proc/PID/stat after the command's name, which may hold blanks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def cpu_seconds(pids):
    """Seconds of CPU of processes and of what they waited for the end of: media workers live for one file."""
    return sum(sum(int(v) for v in f[11:15]) / TICKS for p in pids if (f := stat_fields(p)))


def memory(pid):
    """Bytes of a process; what it shares with others is shared out among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


class MemorySampler(threading.Thread):
    """Most memory of a process and all it started, every 200 ms."""

    def __init__(self, root):
        super().__init__(daemon=True)
        self.root, self.peak, self.done = root, 0, threading.Event()

    def run(self):
        while not self.done.wait(0.2):
            self.peak = max(self.peak, sum(memory(p) for p in process_tree(self.root)))
