#!/usr/bin/env python3
"""`make bench-dialects`: what the other APIs cost over this server's own, for the same operation.

Calls of both are made in turn (A B B A ...) on one connection each, so that a drift of the machine meets both. The figure
to quote is the median of the differences of neighbouring calls; the bar is 1 ms. Standard library only.
"""
import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

BAR_MS = 1.0
PASSWORD = "correct horse battery"
BOUNDARY = "bench"


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="biometry-bench-") as data:
        server = Server(options.biometry, Path(data))
        try:
            server.switch_on(("biometry_v2", "neuroid"))
            print(f"p50 in ms of calls in turn; the bar is {BAR_MS} ms over this server's own API")
            within = [measure(server, pair) for pair in pairs(options)]
        finally:
            server.stop()
    sys.exit(0 if all(within) else 1)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--biometry", type=Path, required=True)
    parser.add_argument("--fixtures", type=Path, required=True)
    parser.add_argument("--sessions", type=int, default=2000, help="pairs of calls without files")
    parser.add_argument("--documents", type=int, default=60, help="pairs of calls with a picture")
    return parser.parse_args()


def pairs(options):
    """What is measured: name, pairs of calls, the call of this server's own API, and that of another one."""
    picture = (options.fixtures / "apple.jpg").read_bytes()
    user = {"X-User-Fullname": "bench@example.org"}
    own = form(("document", picture)), user
    version_2 = form(("request", b"{}"), ("document", picture)), {}
    return [
        ("session start, biometry_v2", options.sessions, ("/api-gateway/sessions/start", b"", {}),
         ("/api-gateway/v2/sessions", b"", {})),
        ("document check, biometry_v2", options.documents, ("/api-gateway/docauth/check", *own),
         ("/api-gateway/v2/documents/check", *version_2)),
        ("document check, neuroid", options.documents, ("/api-gateway/docauth/check", *own),
         ("/v1/verify", form(("id_card", picture)), {})),
    ]


def form(*fields):
    body = b""
    for name, value in fields:
        file = "" if name == "request" else '; filename="f.jpg"'
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        body += head.encode() + value + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def measure(server, pair):
    name, count, own, other = pair
    callers = [Caller(server, *own), Caller(server, *other)]
    for _ in range(max(3, count // 20)):
        for caller in callers:
            caller.call()
    seconds = ([], [])
    for number in range(count):
        for which in ((0, 1), (1, 0))[number % 2]:
            seconds[which].append(callers[which].call())
    own_ms, other_ms = (1000 * statistics.median(some) for some in seconds)
    over = 1000 * statistics.median(b - a for a, b in zip(*seconds))
    print(f"  {name:30}own {own_ms:8.3f}  other {other_ms:8.3f}  over {over:+7.3f}  ({count} pairs)")
    return over < BAR_MS


class Caller:
    """Calls of one kind on a connection of their own."""

    def __init__(self, server, path, body, headers):
        self.connection = HTTPConnection(server.address, timeout=180)
        self.path, self.body = path, body
        content = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} if body else {}
        self.headers = {"Authorization": f"Bearer {server.key}", **content, **headers}

    def call(self):
        started = time.perf_counter()
        self.connection.request("POST", self.path, self.body, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        seconds = time.perf_counter() - started
        if answer.status != 200:
            sys.exit(f"{self.path}: {answer.status} {text[:300]!r}")
        return seconds


class Server:
    """A server of its own with a project and a key."""

    def __init__(self, biometry, data):
        self.biometry, self.place = biometry, ["--data-dir", data / "data"]
        log = open(data / "server.log", "w")
        command = [biometry, "serve", "--listen", "127.0.0.1:0", *self.place]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        ready = self.process.stdout.readline()
        if "listening on" not in ready:
            sys.exit(f"the server did not start:\n{(data / 'server.log').read_text()}")
        self.address = ready.split("listening on ")[1].strip().removeprefix("http://")
        made = self.command("bootstrap")
        self.key, self.project, self.organisation = made["api_key"], made["project_id"], made["organisation_id"]

    def command(self, *arguments):
        done = subprocess.run([self.biometry, *arguments, "--json", *self.place], check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    def switch_on(self, dialects):
        """As the owner does it at the dashboard."""
        owner = self.command("owner", "--email", "owner@example.org", "--organisation-id", self.organisation)
        page = {"Content-Type": "application/json", "Origin": f"http://{self.address}", "Sec-Fetch-Site": "same-origin"}
        accept = {"token": owner["token"], "name": "Owner", "password": PASSWORD}
        _, headers = self.page_call("POST", "/api-auth/invitations/accept", accept, page)
        page["Cookie"] = headers["Set-Cookie"].split(";")[0]
        me, _ = self.page_call("GET", "/api-auth/me", None, page)
        page["X-CSRF-Token"] = me["csrf_token"]
        change = {"dialects": {name: {"consent": "attested"} for name in dialects}}
        self.page_call("PATCH", f"/api-projects/projects/{self.project}", change, page)

    def page_call(self, method, path, body, headers):
        connection = HTTPConnection(self.address, timeout=60)
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            sys.exit(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text), answer.headers

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)


if __name__ == "__main__":
    main()
