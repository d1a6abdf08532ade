"""HTTP/1.1 for the scripted servers, with faults on the level of the socket.

Written on asyncio because it must be able to fail in the middle of an answer, and because tens of
thousands of requests may cost little CPU.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

WRITE_BYTES = 1 << 16  # bytes written at a time
REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 429: "Too Many Requests"}


@dataclass(frozen=True, slots=True)
class HttpRequest:
    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass
class HttpAnswer:
    """An answer as bytes. With `cut`, so many bytes of the body are sent, and after `stall` seconds
    the connection is cut. With `drip`, a byte is sent every so many seconds."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False  # cut the connection without an answer
    cut: int | None = None
    stall: float = 0.0
    drip: float = 0.0


async def serve(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    answer: Callable[[HttpRequest], Awaitable[HttpAnswer]],
) -> None:
    """Answer all requests of a connection."""
    with contextlib.suppress(
        ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, TimeoutError
    ):
        while await _serve_request(reader, writer, answer):
            pass
    writer.close()


async def _serve_request(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    answer: Callable[[HttpRequest], Awaitable[HttpAnswer]],
) -> bool:
    """Answer a request; return whether the connection stays open."""
    begin = await reader.readexactly(1)
    if not begin.isalpha():  # another protocol, such as TLS
        writer.transport.abort()
        return False
    head = (begin + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    body = await reader.readexactly(int(headers.get("content-length") or 0))
    reply = await answer(HttpRequest(method, path, headers, body))
    if reply.drop:
        writer.transport.abort()
        return False
    answer_headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(reply.body)),
        **reply.headers,
    }
    status = f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Said')}\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in answer_headers.items()
    )
    writer.write(status.encode("latin-1") + b"\r\n")
    if reply.drip:
        for position in range(len(reply.body)):
            writer.write(reply.body[position : position + 1])
            await writer.drain()
            await asyncio.sleep(reply.drip)
    elif reply.cut is not None:
        writer.write(reply.body[: reply.cut])
        await writer.drain()
        await asyncio.sleep(reply.stall)
        writer.transport.abort()
        return False
    else:
        for position in range(0, len(reply.body), WRITE_BYTES):
            writer.write(reply.body[position : position + WRITE_BYTES])
            await writer.drain()
    return headers.get("connection", "").lower() != "close"
