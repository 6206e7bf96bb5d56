#!/usr/bin/env python3
"""`make bench`: this server beside the Python stack, in one interleaved run, and what it does without video.

Machines are noisy, so the figure to quote is the ratio. The Python stack and its requirements are development
material outside this repository; without it only our own figures are printed.
"""
import argparse
import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

import load

PHRASE = "today after two years of negotiations the united states"
HEADS = ("liveness", "lip_motion", "active_speaker", "lip_reading")
USER = "bench@example.org"


def main():
    options = arguments()
    clip = options.fixtures / "bench_5s_640x480.mp4"
    with tempfile.TemporaryDirectory(prefix="biometry-bench-") as data:
        ours = Ours(options.biometry, Path(data), clip)
        if options.stages:
            try:
                return stages(ours)
            finally:
                ours.stop()
        theirs = PythonStack.start(options, clip)
        servers = {"biometry": ours, **({"python": theirs} if theirs else {})}
        try:
            warm(servers)
            for clients, each in ((1, options.requests), (4, options.requests // 2)):
                compare(servers, clients, each, options.rounds)
            stages(ours)
            without_video(ours)
            overload(ours)
        finally:
            for server in servers.values():
                server.stop()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--biometry", type=Path, required=True)
    parser.add_argument("--fixtures", type=Path, required=True)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--requests", type=int, default=8, help="requests of a client in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stages", action="store_true", help="CPU by stage alone")
    return parser.parse_args()


# ---- the servers


class Ours:
    def __init__(self, biometry, data, clip):
        self.log = open(data / "server.log", "w")
        place = ["--data-dir", data / "data"]
        command = [biometry, "serve", "--listen", "127.0.0.1:0", *place]
        started = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.address = self.process.stdout.readline().split("listening on ")[1].strip().removeprefix("http://")
        print(f"ready after {time.perf_counter() - started:.2f} s")
        made = subprocess.run([biometry, "bootstrap", "--json", "--replays", "off", *place], check=True, capture_output=True, text=True)
        self.key = json.loads(made.stdout)["api_key"]
        for kind in ("consent", "strg-consent"):
            self.post(f"/api-consent/{kind}", json.dumps({"is_consent_given": True, "user_fullname": USER}))
        self.headers = {"Authorization": f"Bearer {self.key}", "X-User-Fullname": USER}
        self.target = load.Target(self.address, "/api-gateway/process-video", PHRASE, clip, lambda n: self.headers)

    def post(self, path, body=""):
        return self.call("POST", path, body)

    def call(self, method, path, body=""):
        connection = HTTPConnection(self.address, timeout=60)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), json.loads(answer.read())

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)


class PythonStack:
    NAMES = {"yunet": "face_detection_yunet_2023mar.onnx", "face_mesh": "mp_face_landmarks_478.onnx",
             "sface": "face_recognition_sface_2021dec.onnx", "fr_liveness": "fr_liveness.onnx",
             "silero_vad": "silero_vad_16k_op15.onnx", "campplus": "campplus_zh_en_advanced.onnx",
             "moonshine_encoder": "encoder_model.ort", "moonshine_decoder": "decoder_model_merged.ort",
             "moonshine_tokenizer": "tokenizer.bin", "avsync_visual": "avsync_visual.onnx",
             "avsync_audio": "avsync_audio.onnx", "lip_phones": "vsr_lip_phones.onnx"}

    @classmethod
    def start(cls, options, clip):
        source = options.shared / "bench/pystack"
        if not source.is_dir():
            print("no Python stack here (SHARED/bench/pystack): printing our own figures only")
            return None
        return cls(source.resolve(), options.models.resolve(), options.shared.resolve(), clip)

    def __init__(self, source, models, shared, clip):
        venv, weights = Path("target/bench/venv").absolute(), Path("target/bench/weights")
        if not (venv / "done").exists():
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            subprocess.run([venv / "bin/pip", "install", "-q", "-r", source / "requirements.txt"], check=True)
            (venv / "done").touch()
        self.link(weights, models, shared)
        port = free_port()
        # Its README calls two workers of one thread good on two cores.
        command = [venv / "bin/uvicorn", "server:app", "--host", "127.0.0.1", "--port", str(port), "--workers", "2",
                   "--no-access-log"]
        environment = {"MODELS": str(weights.absolute()), "THREADS": "1", "PATH": "/usr/bin:/bin",
                       "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(command, cwd=source, env=environment, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.address = f"127.0.0.1:{port}"
        self.target = load.Target(self.address, "/process-video", PHRASE, clip)
        wait_for(self.address)

    def link(self, weights, models, shared):
        """The stack's own names for the weights: those `setup/` rewrites for speed as published, the others ours; its
        lip models are the research ones, of the same size."""
        weights.mkdir(parents=True, exist_ok=True)
        if not (weights / self.NAMES["face_mesh"]).exists():
            subprocess.run([".venv/bin/python", "bench/published.py", weights], check=True)
        files = {e["name"]: models / e["file"] for e in json.loads((models / "manifest.json").read_text())["files"]}
        research = shared / "prototype/lip-sync/onnx"
        for name, theirs in self.NAMES.items():
            if not (weights / theirs).exists():
                (weights / theirs).symlink_to(research / theirs if (research / theirs).exists() else files[name])

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(address):
    for _ in range(300):
        try:
            connection = HTTPConnection(address, timeout=2)
            connection.request("GET", "/openapi.json")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing answers at {address}")


# ---- the measurements


def warm(servers):
    for server in servers.values():
        load.run(server.target, 2, 2)


def compare(servers, clients, each, rounds):
    """Rounds in turn (A B A B ...), so that a drift of the machine meets both."""
    results = {name: [] for name in servers}
    for number in range(rounds):
        for name, server in servers.items():
            results[name].append(load.measure(server.target, server.process.pid, clients, each, number * 1000))
    print(f"\n{clients} client{'s' if clients > 1 else ''}, {rounds} rounds of {clients * each} videos (medians)")
    print(f"{'':10}{'videos/min':>12}{'p50 s':>9}{'p95 s':>9}{'CPU s':>9}{'RSS MiB':>10}")
    for name, measured in results.items():
        m = {f: load.median_of(measured, f) for f in ("per_minute", "p50", "p95", "cpu_s", "rss_mib")}
        print(f"{name:10}{m['per_minute']:12.1f}{m['p50']:9.2f}{m['p95']:9.2f}{m['cpu_s']:9.2f}{m['rss_mib']:10.0f}")
    if "python" in results:
        pairs = list(zip(results["biometry"], results["python"]))
        ratio = lambda figure: statistics.median(a[figure] / b[figure] for a, b in pairs)
        print(f"{'ratio':10}{ratio('per_minute'):12.2f}{ratio('p50'):9.2f}{ratio('p95'):9.2f}{ratio('cpu_s'):9.2f}"
              f"{ratio('rss_mib'):10.2f}")


def stages(ours):
    """CPU milliseconds by stage, as the transactions recorded them."""
    durations = [stage_times(ours) for _ in range(5)]
    cpu = {name: statistics.median(d[name] for d in durations) for name in durations[0]}
    print("\nCPU milliseconds by stage, one 5 s video (medians of 5)")
    for name, ms in cpu.items():
        print(f"  {name:22}{ms:8.1f}")
    print(f"  {'sum':22}{sum(cpu.values()):8.1f}")
    # What decides on top of what decoding, following and hearing have computed already.
    heads = sum(cpu.get(name, 0.0) for name in HEADS)
    inference = sum(ms for name, ms in cpu.items() if name not in ("decode", "templates", *HEADS))
    print(f"  heads ({', '.join(HEADS)}): {heads:.1f}, {100 * heads / inference:.1f} % of the rest of inference")


def stage_times(ours):
    target, connection = ours.target, HTTPConnection(ours.address, timeout=60)
    boundary = "bench"
    body = (f'--{boundary}\r\nContent-Disposition: form-data; name="phrase"\r\n\r\n{PHRASE}\r\n--{boundary}\r\n'
            f'Content-Disposition: form-data; name="video"; filename="clip.mp4"\r\n\r\n').encode()
    body += target.video + f"\r\n--{boundary}--\r\n".encode()
    headers = {**ours.headers, "Content-Type": f"multipart/form-data; boundary={boundary}"}
    connection.request("POST", target.path, body, headers)
    answer = connection.getresponse()
    answer.read()
    _, _, record = ours.call("GET", f"/api-transactions/transactions/{answer.getheader('X-Request-Id')}")
    return {stage["stage"]: stage["cpu_ms"] for stage in record["data"]["durations"]["stages"]}


def without_video(ours):
    """sessions/start and consent through wrk, idle and while a video is processed."""
    # A thousand users, as a real day has: one user's consents form a chain and wait for each other.
    consent = '{"is_consent_given":true,"user_fullname":"user-%d@example.org"}'
    print("\nwithout video (wrk, 2 threads, 16 connections, 5 s)")
    for name, path, body in (("sessions/start", "/api-gateway/sessions/start", ""),
                             ("consent", "/api-consent/consent", consent)):
        print(f"  {name:16}{wrk(ours, path, body, 16)}")
    busy = threading.Event()
    videos = threading.Thread(target=keep_busy, args=(ours, busy))
    videos.start()
    print(f"  {'while a video is processed (2 connections)'}: {wrk(ours, '/api-gateway/sessions/start', '', 2)}")
    busy.set()
    videos.join()


def keep_busy(ours, stop):
    while not stop.is_set():
        ours.target.send(0)


def wrk(ours, path, body, connections):
    script = Path(tempfile.mkdtemp()) / "post.lua"
    script.write_text(f'wrk.method="POST"\nlocal n = 0\n'
                      f'request = function() n = n + 1; return wrk.format(nil, nil, nil, string.format({json.dumps(body)}, n % 1000)) end\n'
                      f'wrk.headers["Authorization"]="Bearer {ours.key}"\n'
                      'wrk.headers["Content-Type"]="application/json"\n')
    command = ["wrk", "-t2", f"-c{connections}", "-d5s", "--latency", "-s", script, f"http://{ours.address}{path}"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)[1]
    p99 = re.search(r"99%\s+(\S+)", printed)[1]
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", printed)
    return f"{float(rate):8.0f} requests/s, p99 {p99}, refused {bad[1] if bad else 0}"


def overload(ours):
    """Far more videos at once than the queue takes: the surplus is refused at once, memory stays flat."""
    sampler = load.MemorySampler(ours.process.pid)
    sampler.start()
    answers, wall = load.run(ours.target, 48, 2)
    sampler.done.set()
    sampler.join()
    refused = [a for a in answers if a[0] == 503]
    other = [a for a in answers if a[0] not in (200, 503)]
    print(f"\noverload: 48 clients, {len(answers)} videos in {wall:.1f} s: {len(answers) - len(refused) - len(other)} answered, "
          f"{len(refused)} refused (503, median {1000 * statistics.median([a[2] for a in refused] or [0]):.0f} ms), "
          f"{len(other)} other; peak {sampler.peak / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
