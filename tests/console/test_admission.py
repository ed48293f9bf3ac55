"""Only a page of this console, at this computer's own address and with its token, is let in."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from thecal.console.admission import Admission, is_admitted, new_token

TOKEN = "kC3vU0Zr7m-5XyQ2b_9aTn4eLw8sHd1f"
PORT = 4321
HOST = f"127.0.0.1:{PORT}"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/{TOKEN}/pump", {"host": HOST}),
        (f"/{TOKEN}/_nicegui_ws/socket.io/", {"host": HOST, "origin": f"http://{HOST}"}),
        (f"/{TOKEN}", {"host": f"localhost:{PORT}"}),
    ],
)
def test_the_console_itself_is_let_in(path: str, headers: dict[str, str]) -> None:
    assert is_admitted(path, headers, TOKEN, PORT)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"host": HOST}),
        ("/pump", {"host": HOST}),
        (f"/{TOKEN[:-1]}/pump", {"host": HOST}),
        (f"/{TOKEN}x/pump", {"host": HOST}),
        (f"/pump/{TOKEN}", {"host": HOST}),
        (f"/{TOKEN}/pump", {}),
        (f"/{TOKEN}/pump", {"host": f"pump.example:{PORT}"}),
        (f"/{TOKEN}/pump", {"host": "127.0.0.1:80"}),
        (f"/{TOKEN}/pump", {"host": HOST, "origin": "http://evil.example"}),
        (f"/{TOKEN}/pump", {"host": HOST, "origin": "null"}),
        (f"/{TOKEN}/pump", {"host": HOST, "origin": "http://127.0.0.1:1"}),
        (f"/{TOKEN}/pump", {"host": HOST, "origin": f"https://{HOST}"}),
        ("/\u00e9/pump", {"host": HOST}),
    ],
)
def test_everything_else_is_turned_away(path: str, headers: dict[str, str]) -> None:
    assert not is_admitted(path, headers, TOKEN, PORT)


def test_tokens_are_long_and_never_the_same() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert len(new_token()) >= 32


def answers(path: str, kind: str = "http") -> list[dict[str, Any]]:
    sent: list[Any] = []

    async def page(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": kind, "path": path, "headers": [(b"host", HOST.encode())]}
    asyncio.run(Admission(page, TOKEN, PORT)(scope, receive, send))
    return sent


def test_a_page_may_load_nothing_from_elsewhere_and_tells_nobody_its_address() -> None:
    headers = dict(answers(f"/{TOKEN}/pump")[0]["headers"])
    assert headers[b"content-security-policy"].startswith(b"default-src 'self'")
    assert b"http" not in headers[b"content-security-policy"]
    assert headers[b"referrer-policy"] == b"no-referrer"


def test_whoever_has_no_token_learns_only_where_it_is() -> None:
    head, body = answers("/pump")
    assert head["status"] == 403
    assert TOKEN.encode() not in body["body"]
    assert answers("/pump", "websocket")[0]["type"] == "websocket.close"
