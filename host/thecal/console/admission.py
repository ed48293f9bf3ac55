"""The admission to the console: only what comes to this computer's own address, from a page of this console, with its
token.

Every address of the console lies below the token, which is drawn anew each time it is started. So there is no cookie
that another page could have sent along. A name that is made to point to 127.0.0.1 is noticed by the Host header, a
page of another origin by its Origin; the answers forbid the page to load anything from anywhere else.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_TOKEN_BYTES = 24
_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
        b" img-src 'self' data:; font-src 'self' data:; connect-src 'self';"
        b" object-src 'none'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def new_token() -> str:
    return secrets.token_urlsafe(_TOKEN_BYTES)


def is_admitted(path: str, headers: dict[str, str], token: str, port: int) -> bool:
    """Return True if a request is admitted. headers: by their names in small letters."""
    hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
    if headers.get("host", "") not in hosts:
        return False
    origin = headers.get("origin")
    if origin is not None and origin not in [f"http://{host}" for host in hosts]:
        return False
    first = path.lstrip("/").partition("/")[0]
    return secrets.compare_digest(first.encode(), token.encode())


class Admission:
    """Between the server and the page library."""

    def __init__(self, app: App, token: str, port: int) -> None:
        self._app, self._token, self._port = app, token, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if not is_admitted(scope["path"], headers, self._token, self._port):
            await _turn_away(scope, receive, send)
            return

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def _turn_away(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    body = b"Open the address that `thecal console` printed: it has a token in it.\n"
    head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": head})
    await send({"type": "http.response.body", "body": body})
