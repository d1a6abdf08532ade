"""A model server for tests and benchmarks: real HTTP, the chat-completions protocol, faults.

Without a script it answers by the JSON schema of the request, with the latency and the faults of
its `Behaviour`, which depend on the seed and the prompt, not on the order of arrival. `script` has
answers to give instead, an entry for each request; the last entry is repeated. Each request is
stored with a number, and `log` has its answer: the evidence of what was charged.

As a process: `python -m tests.servers.model --latency 1.0`. It prints its URL; GET /log returns
totals, and how many prompts were answered more than once; POST /behave changes the behaviour.
"""

import argparse
import asyncio
import json
import random
import ssl
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

from . import answers, wire
from .answers import Behaviour, Reply, Request, completion_reply, error, rated
from .tokens import Prefixes, tokens

__all__ = [
    "Behaviour",
    "ModelServer",
    "Reply",
    "Request",
    "completion_reply",
    "error",
    "rated",
    "serve_model",
]

Step = Reply | Callable[[Request], Reply]
MAX_LOGGED_REQUESTS = 200_000  # requests; a benchmark makes a few thousand


@dataclass(frozen=True, slots=True)
class Served:
    """The answer to a request, and what was charged for it."""

    nonce: int
    status: int  # 0 where the connection was cut
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


@dataclass
class ModelServer:
    url: str = ""
    script: list[Step] = field(default_factory=list)
    behaviour: Behaviour = field(default_factory=Behaviour)
    keep_requests: bool = True
    requests: list[Request] = field(default_factory=list)
    log: deque[Served] = field(default_factory=lambda: deque(maxlen=MAX_LOGGED_REQUESTS))
    lock: threading.Lock = field(default_factory=threading.Lock)
    in_flight: int = 0
    most_in_flight: int = 0
    prefixes: Prefixes = field(default_factory=Prefixes)
    prompt_counts: Counter[bytes] = field(default_factory=Counter)
    paid: Counter[int] = field(default_factory=Counter)  # whole answers sent, by prompt
    times: deque[float] = field(default_factory=deque)  # of requests in the last minute
    count: int = 0
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(32))

    def usage(self) -> dict[str, int]:
        """The sums of the log, which a correct ledger must match."""
        names = ("prompt_tokens", "completion_tokens", "cached_tokens")
        return {name: sum(getattr(served, name) for served in self.log) for name in names}

    async def answer(self, request: wire.HttpRequest) -> wire.HttpAnswer:
        if request.method == "GET":
            return self._answer_get(request.path)
        if request.path == "/behave":
            changed = json.loads(request.body)
            self.behaviour = Behaviour(**{**asdict(self.behaviour), **changed})
            return wire.HttpAnswer(body=b"{}")
        with self.lock:
            self.count += 1
            nonce = self.count
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._complete(request, nonce)
        finally:
            with self.lock:
                self.in_flight -= 1

    async def _complete(self, raw_request: wire.HttpRequest, nonce: int) -> wire.HttpAnswer:
        request: Request = json.loads(raw_request.body)
        request |= {
            "_path": raw_request.path,
            "_key": raw_request.headers.get("authorization"),
            "_headers": dict(raw_request.headers),
            "_nonce": nonce,
        }
        prompt = answers.prompt(request)
        with self.lock:
            if self.keep_requests:
                self.requests.append(request)
            step: Step | None = None
            if self.script:
                step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            self.prompt_counts[prompt[-4096:]] += 1
            occurrence = self.prompt_counts[prompt[-4096:]]
        if callable(step):  # a script may touch the database, or sleep
            reply = await asyncio.get_running_loop().run_in_executor(self.pool, step, request)
        elif step is not None:
            reply = step
        else:
            self._tick()
            chance = random.Random(f"{self.behaviour.seed}:{occurrence}:{hash_of(prompt)}")
            reply = answers.behave(
                self.behaviour, request, prompt, chance, self.in_flight, len(self.times)
            )
        cached = self.prefixes.cached(prompt)  # by what was answered when this one came
        await asyncio.sleep(reply.seconds)
        return self._send(reply, prompt, nonce, cached)

    def _tick(self) -> None:
        now = time.monotonic()
        self.times.append(now)
        while self.times and self.times[0] < now - 60.0:
            self.times.popleft()

    def _send(self, reply: Reply, prompt: bytes, nonce: int, cached: int) -> wire.HttpAnswer:
        body = reply.body.encode("utf-8", "surrogatepass") if reply.raw is None else reply.raw
        served = Served(nonce, 0 if reply.drop else reply.status)
        if reply.answer is not None:
            answer = dict(reply.answer)
            if "usage" not in answer:
                text = answer["choices"][0]["message"]["content"] if answer["choices"] else ""
                answer["usage"] = answers.usage(tokens(prompt), tokens(text or ""), cached)
                self.prefixes.add(prompt)
            body = json.dumps(answer).encode()
            if not reply.drop:
                served = Served(nonce, reply.status, *answers.charged(answer["usage"]))
                self.paid[hash_of(prompt)] += 1
        self.log.append(served)
        headers = {**self._limits(), **reply.headers}
        return wire.HttpAnswer(
            reply.status, body, headers, reply.drop, reply.cut, reply.stall, reply.drip
        )

    def _limits(self) -> dict[str, str]:
        """The rate-limit headers; {} without a limit."""
        most = self.behaviour.per_minute
        if not most:
            return {}
        left = max(0, most - len(self.times))
        reset = 0.0 if left or not self.times else self.times[0] + 60.0 - time.monotonic()
        return {
            "x-ratelimit-limit-requests": str(most),
            "x-ratelimit-remaining-requests": str(left),
            "x-ratelimit-reset-requests": f"{max(0.0, reset):.3f}s",
        }

    def _answer_get(self, path: str) -> wire.HttpAnswer:
        if path.endswith("/models"):
            names = [{"id": name, "object": "model"} for name in self.behaviour.models]
            return wire.HttpAnswer(body=json.dumps({"object": "list", "data": names}).encode())
        if path == "/log":
            summary = {
                "requests": self.count,
                "answered": sum(served.prompt_tokens > 0 for served in self.log),
                "by_status": Counter(str(served.status) for served in self.log),
                "answered_again": sum(times > 1 for times in self.paid.values()),
                "most_in_flight": self.most_in_flight,
                **self.usage(),
            }
            return wire.HttpAnswer(body=json.dumps(summary).encode())
        return wire.HttpAnswer(404, b"{}")


def hash_of(prompt: bytes) -> int:
    """A hash that is the same in all processes, unlike hash()."""
    return int.from_bytes(blake2b(prompt, digest_size=8).digest())


async def _run(
    state: ModelServer,
    started: Callable[[int], None],
    stop: asyncio.Event,
    tls: ssl.SSLContext | None,
    port: int = 0,
) -> None:
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await wire.serve(reader, writer, state.answer)
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(
        connected, "127.0.0.1", port, ssl=tls, limit=1 << 20, backlog=1024
    )
    started(server.sockets[0].getsockname()[1])
    await stop.wait()
    server.close()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def serve_model(
    *script: Step,
    tls: ssl.SSLContext | None = None,
    again: ModelServer | None = None,
    **behaviour: Any,
) -> Iterator[ModelServer]:
    """Run the server in a thread; `again` restarts a stopped server, at its old address."""
    state = again or ModelServer(script=list(script), behaviour=Behaviour(**behaviour))
    if again is not None:
        state.pool = ThreadPoolExecutor(32)
    port = urlsplit(state.url).port or 0
    loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

    def started(port: int) -> None:
        state.url = f"http{'s' if tls else ''}://127.0.0.1:{port}/v1"
        ready.set()

    def run() -> None:
        loop.run_until_complete(_run(state, started, stop, tls, port))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(10), "The model server did not start."
        yield state
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        state.pool.shutdown(cancel_futures=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="A scripted model server.")
    parser.add_argument("--port", type=int, default=0)
    for option in fields(Behaviour):
        kind = {"int": int, "float": float, "str": str, "bool": bool}.get(str(option.type))
        kind = kind or (option.type if isinstance(option.type, type) else str)
        if kind in (int, float, str):
            parser.add_argument(
                f"--{option.name.replace('_', '-')}", type=kind, default=option.default
            )
    options = vars(parser.parse_args())
    port = options.pop("port")
    state = ModelServer(behaviour=Behaviour(**options), keep_requests=False)

    def started(port: int) -> None:
        print(f"http://127.0.0.1:{port}/v1", flush=True)

    asyncio.run(_run(state, started, asyncio.Event(), None, port))


if __name__ == "__main__":
    main()
