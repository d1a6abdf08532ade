"""HTTP/1.1 for the scripted servers: what a socket carries, and the ways in which it can go wrong.

Hand-written on asyncio, because it has to misbehave in the middle of an answer, and because tens of
thousands of requests may cost little CPU.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

PIECE = 1 << 16  # bytes written at a time
REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 429: "Too Many Requests"}


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass
class Sent:
    """An answer as bytes. Of its body only `cut` bytes are sent before the connection is cut, or
    before nothing more comes for `stall` seconds; with `drip`, a byte each so many seconds."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False  # the connection, without a word
    cut: int | None = None
    stall: float = 0.0
    drip: float = 0.0


async def serve(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    answer: Callable[[Asked], Awaitable[Sent]],
) -> None:
    """Answer all requests of one connection."""
    with contextlib.suppress(
        ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, TimeoutError
    ):
        while await _one(reader, writer, answer):
            pass
    writer.close()


async def _one(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    answer: Callable[[Asked], Awaitable[Sent]],
) -> bool:
    """One request; whether the connection lives on."""
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
    sent = await answer(Asked(method, path, headers, body))
    if sent.drop:
        writer.transport.abort()
        return False
    told = {
        "Content-Type": "application/json",
        "Content-Length": str(len(sent.body)),
        **sent.headers,
    }
    status = f"HTTP/1.1 {sent.status} {REASONS.get(sent.status, 'Said')}\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in told.items()
    )
    writer.write(status.encode("latin-1") + b"\r\n")
    if sent.drip:
        for at in range(len(sent.body)):
            writer.write(sent.body[at : at + 1])
            await writer.drain()
            await asyncio.sleep(sent.drip)
    elif sent.cut is not None:
        writer.write(sent.body[: sent.cut])
        await writer.drain()
        await asyncio.sleep(sent.stall)
        writer.transport.abort()
        return False
    else:
        for at in range(0, len(sent.body), PIECE):
            writer.write(sent.body[at : at + PIECE])
            await writer.drain()
    return headers.get("connection", "").lower() != "close"
