#!/usr/bin/env python3
"""The main job on real media, as a customer's backend would do it: prints a table, writes report.json.

Starts its own server on a free port with an empty data folder, makes an organisation, project and API key, and sends
each case over HTTP. Nothing is special-cased: what the models say is what is printed. Standard library only.
"""
import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from http.client import HTTPConnection
from pathlib import Path

PHRASE = "today after two years of negotiations the united states together with our international partners has achieved some"
FIRST_WORDS = "today after two years of negotiations"
SECOND_WORDS = "the united states together with our international partners has achieved some"
ADA, BOB = "ada@example.org", "bob@example.org"


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="biometry-demo-") as data:
        server, address = start(options.biometry, data)
        try:
            key = bootstrap(options.biometry, data)
            print(f"server on http://{address}, phrase: “{PHRASE}”\n")
            report = run_cases(Backend(address, key), options.fixtures)
        finally:
            server.terminate()
            server.wait(timeout=30)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "report.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    print(f"\n{len(report)} cases; the whole answers are in {options.out}/report.json")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--biometry", type=Path, required=True, help="the binary")
    parser.add_argument("--fixtures", type=Path, required=True, help="folder of the demonstration media")
    parser.add_argument("--out", type=Path, required=True, help="folder for report.json")
    return parser.parse_args()


def start(biometry, data):
    """The running server and its HOST:PORT, once it says that it is ready."""
    log = open(Path(data) / "server.log", "w")
    command = [biometry, "serve", "--listen", "127.0.0.1:0", "--data-dir", Path(data) / "data"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    ready = server.stdout.readline()
    if "listening on" not in ready:
        server.wait(timeout=30)
        sys.exit(f"the server did not start:\n{(Path(data) / 'server.log').read_text()}")
    return server, ready.split("listening on ")[1].strip().removeprefix("http://")


def bootstrap(biometry, data, *options):
    made = subprocess.run([biometry, "bootstrap", "--json", *options, "--data-dir", Path(data) / "data"],
                          check=True, capture_output=True, text=True)
    return json.loads(made.stdout)["api_key"]


class Backend:
    """What a customer's backend does: holds the key, proxies the video, reads the decision."""

    def __init__(self, address, key):
        self.address, self.key = address, key

    def call(self, path, body=b"", headers=None, method="POST"):
        connection = HTTPConnection(self.address, timeout=180)
        started = time.perf_counter()
        connection.request(method, path, body, {"Authorization": f"Bearer {self.key}", **(headers or {})})
        answer = connection.getresponse()
        text = answer.read()
        ms = round(1000 * (time.perf_counter() - started))
        connection.close()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, json.loads(text), ms

    def start_session(self):
        return self.call("/api-gateway/sessions/start?warmup=true")[2]["data"]

    def consents(self, user):
        for kind in ("consent", "strg-consent"):
            self.consent(kind, user)

    def consent(self, kind, user):
        body = json.dumps({"is_consent_given": True, "user_fullname": user})
        self.call(f"/api-consent/{kind}", body, {"Content-Type": "application/json"})

    def process_video(self, user, video, session=None, phrase=None):
        boundary = uuid.uuid4().hex
        part = f"--{boundary}\r\nContent-Disposition: form-data; name="
        body = b"".join([
            f'{part}"phrase"\r\n\r\n{phrase or PHRASE}\r\n'.encode(),
            f'{part}"video"; filename="{video.name}"\r\nContent-Type: video/mp4\r\n\r\n'.encode(),
            video.read_bytes(), f"\r\n--{boundary}--\r\n".encode()])
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "X-User-Fullname": user}
        if session:
            headers["X-Session-ID"] = session
        return self.call("/api-gateway/process-video", body, headers)


def run_cases(backend, fixtures):
    # Two visits are two sessions, and two recordings: one that was used before fails in another session.
    session, later = backend.start_session(), backend.start_session()
    for user in (ADA, BOB):
        backend.consents(user)
    cases = [
        ("first visit of the speaker", ADA, "speaker_first.mp4", session, FIRST_WORDS),
        ("second visit: recognised", ADA, "speaker_second.mp4", later, SECOND_WORDS),
        ("the first video once more", ADA, "speaker_first.mp4", later, FIRST_WORDS),
        ("another phrase was asked for", ADA, "speaker_second.mp4", later, "one two three four five"),
        ("same video, another name", BOB, "speaker_second.mp4", None, SECOND_WORDS),
        ("two faces in the picture", ADA, "obama_speech.mp4", session, PHRASE),
        ("a still picture as video", ADA, "still.mp4", session, PHRASE),
        ("silence as sound", ADA, "silent.mp4", session, PHRASE),
        ("without any consent", "carol@example.org", "small.mp4", None, PHRASE),
    ]
    print_row("case", "http", "verdict", "score", "ms", "headers", "reasons")
    return [run_case(backend, name, user, fixtures / file, in_session, phrase)
            for name, user, file, in_session, phrase in cases]


def run_case(backend, name, user, video, session, phrase):
    status, headers, body, ms = backend.process_video(user, video, session, phrase)
    marked = {k: v for k, v in headers.items() if k in ("x-request-id", "x-auto-enroll", "x-removed-services")}
    case = {
        "case": name, "http_status": status, "verdict": body.get("scoring_result", {}).get("status"),
        "score": body.get("score"), "reasons": body.get("decision_reasons", [body.get("error")]),
        "headers": marked, "services": body.get("data"), "ms": ms,
    }
    flags = ", ".join(sorted(k.removeprefix("x-") for k in marked if k != "x-request-id")) or "-"
    print_row(name, status, case["verdict"], case["score"], ms, flags, "")
    for line in wrap(case["reasons"]):
        print(f"{'':32}{line}")
    return case


def print_row(name, status, verdict, score, ms, flags, reasons):
    score = f"{score:.1f}" if isinstance(score, float) else str(score)
    print(f"{name:32}{status!s:6}{verdict!s:9}{score:7}{ms!s:7}{flags:18}{reasons}", flush=True)


def wrap(words):
    width = max(40, shutil.get_terminal_size((110, 20)).columns - 34)
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += f"{word}  "
    return lines


if __name__ == "__main__":
    main()
