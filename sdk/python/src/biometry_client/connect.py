"""The way in: a client of one server, which repeats calls that are safe to repeat."""

import time
from typing import Any

import httpx

from .client import AuthenticatedClient

BUSY = (429, 503)
#: Without a `Retry-After` that can be read.
DEFAULT_DELAY_S = 1.0
MAX_DELAY_S = 30.0


def connect(base_url: str, api_key: str, max_attempts: int = 3, **options: Any) -> AuthenticatedClient:
    """Returns the client to call `biometry_client.api` with.

    `api_key` is an API key or a session token. A call that reads, or that carries an idempotency key, is sent up to
    `max_attempts` times while the server answers 429 or 503. `options` are those of `AuthenticatedClient`.
    """
    transport = RetryTransport(httpx.HTTPTransport(), max_attempts)
    return AuthenticatedClient(base_url=base_url, token=api_key, httpx_args={"transport": transport}, **options)


class RetryTransport(httpx.BaseTransport):
    """Sends a request again when the server was busy and a second call cannot count twice."""

    def __init__(self, inner: httpx.BaseTransport, max_attempts: int) -> None:
        self.inner = inner
        self.max_attempts = max_attempts

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        is_repeatable = request.method == "GET" or "idempotency-key" in request.headers
        if is_repeatable:
            # A form is a stream, which could be sent once.
            request.read()
        attempt = 1
        while True:
            response = self.inner.handle_request(request)
            if response.status_code not in BUSY or not is_repeatable or attempt >= self.max_attempts:
                return response
            response.close()
            time.sleep(retry_delay_s(response))
            attempt += 1

    def close(self) -> None:
        self.inner.close()


def retry_delay_s(response: httpx.Response) -> float:
    """Returns how long the server asks to wait, within bounds."""
    try:
        delay = float(response.headers.get("retry-after", DEFAULT_DELAY_S))
    except ValueError:
        delay = DEFAULT_DELAY_S
    return min(max(delay, 0.0), MAX_DELAY_S)
