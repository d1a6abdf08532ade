"""How a model is called: one client and one pool a process, one retry loop, a limit to everything.

The client's own retries are off: it would wait three times for as long as a call may take. An
answer comes in one piece at the end, so a call has one time limit and none for a server's silence:
a slow server is waited for, and one that is gone shows in its connection. What a server sends is
read up to a size and never decompressed; redirects are not followed.
"""

import asyncio
import random
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import openai
from openai import Timeout

from candidates.facts.reason import FailureCode, Reason
from candidates.scoring.contract import CallHooks
from candidates.scoring.engines.pace import Pace, Paused
from candidates.scoring.retry import MODEL_CALL_WHILE_CLAIMED, Failure, GiveUp, decide
from candidates.scoring.scorecard import (
    EngineBusy,
    EngineUnavailable,
    ScoringFailed,
    ScoringOutcome,
    Usage,
)

from . import answers, errors
from .prompt import MODES, Mode
from .vanguard import Vanguard

MAX_HOLD_SECONDS = 15.0  # that a call waits in here; beyond, it goes back to the queue
MAX_ANSWER_BYTES = 5_000_000
SCOUT_CALLS = 1  # go ahead after a silence: two workers find out with two
SCOUT_SECONDS = 0.4  # once they have left, in which they may find that nothing works
CALL_SECONDS = 600.0  # of one call from beginning to end; the OpenAI client's own default
CONNECT_SECONDS = 10.0
# A peer that answers no probe of the kernel is gone: known after about a minute.
KEEPALIVE_OPTIONS = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}

# The most demanding mode that each endpoint and model takes, as far as is known, and the modes in
# which an answer was understood.
_modes: dict[tuple[str, str], Mode] = {}
_proven: set[tuple[str, str, Mode]] = set()


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of the model. `trouble` says why its text cannot be used, if it cannot."""

    text: str
    trouble: Reason | None
    usage: Usage
    mode: Mode
    model: str


class TooLarge(Exception):
    """An answer is longer than MAX_ANSWER_BYTES, or compressed."""


class Connection:
    """Calls one model at one endpoint. Belongs to the event loop it is first used in."""

    def __init__(
        self,
        model: str,
        *,
        api_key: str,
        base_url: str = "",
        concurrency: int = 64,
        calls: CallHooks | None = None,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        self.model = model
        self.pace = Pace(concurrency, hold=MAX_HOLD_SECONDS)
        self.calls = calls
        self.call_seconds = call_seconds
        self._api_key = api_key
        self._base_url = base_url or None
        self._timeout = Timeout(call_seconds, connect=CONNECT_SECONDS)
        self._concurrency = concurrency
        self._client: openai.AsyncOpenAI | None = None
        self._scouts = Vanguard(SCOUT_CALLS, SCOUT_SECONDS)

    async def ask(self, body_in: Callable[[Mode], dict[str, Any]], tokens: int) -> Answer:
        """One answer to `body_in(mode)`, tried again where that may help.

        `tokens` is an estimate of what the call takes, for limits. Raises EngineUnavailable,
        EngineBusy, ScoringFailed and errors.TooLong.
        """
        tries = 0
        while True:
            try:
                async with self._scouts.call():
                    mode = self.mode()  # as the calls that went ahead have found
                    answer = await self._call(body_in(mode), tokens, mode, again=tries > 0)
            except errors.Unsupported as unsupported:
                # A refusal without a reason counts against the mode only while that has never
                # worked here; else it is about this one request.
                is_known = (*self._endpoint(), mode) in _proven
                if mode == MODES[-1] or (is_known and not unsupported.is_certain):
                    raise ScoringFailed(unsupported.reason) from unsupported
                self._step_down(mode)
                continue
            except errors.Filtered:
                trouble = Reason(FailureCode.CONTENT_FILTERED)
                return Answer("", trouble, Usage(calls=1), mode, "")
            except Paused as paused:
                reason = Reason(FailureCode.PAUSE_REQUESTED)
                raise EngineBusy(reason, retry_after=paused.seconds) from None
            if isinstance(answer, Answer):
                return answer
            tries += 1
            await self._wait(answer, tries)

    def mode(self) -> Mode:
        """The mode in which this model is asked for its answer, as far as is known."""
        return _modes.get(self._endpoint(), MODES[0])

    def understood(self, mode: Mode) -> None:
        """Note that an answer in this mode was as asked for."""
        _proven.add((*self._endpoint(), mode))

    def misread(self, mode: Mode) -> None:
        """Note that an answer was not as asked for: a server that ignores the mode would send all
        answers like it."""
        if (*self._endpoint(), mode) not in _proven:
            self._step_down(mode)

    def takes_cache_key(self) -> bool:
        """Whether the API has `prompt_cache_key`: other servers refuse unknown fields."""
        host = self._connected().base_url.host
        return host.endswith((".openai.com", ".azure.com"))

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _wait(self, retry: errors.RetryableFailure, tries: int) -> None:
        """Wait before the next try; raise when the wait is too long, or the tries are used up."""
        wait = retry.wait
        policy = MODEL_CALL_WHILE_CLAIMED
        randomness = random.random()  # noqa: S311 -- so that not all come back at once
        # What the server asks for is not part of the decision: the jitter would shorten it.
        decision = decide(Failure(), tries, policy, randomness=randomness)
        if isinstance(decision, GiveUp) or (wait or 0.0) > MAX_HOLD_SECONDS:
            reason = retry.reason(tries)
            if retry.is_busy:
                raise EngineBusy(reason, retry_after=wait or policy.delays[-1])
            raise ScoringFailed(reason, again=True, after=wait)
        # Never before the requested time; spread over a little more.
        pause = decision.after
        await asyncio.sleep(pause if wait is None else wait + min(pause, wait / 4))

    async def _call(
        self, body: dict[str, Any], tokens: int, mode: Mode, *, again: bool
    ) -> Answer | errors.RetryableFailure:
        """One call, with a place in the pace and a line in the ledger."""
        async with self.pace.place(again=again) as began, self._entered(tokens) as entry:
            try:
                async with asyncio.timeout(self.call_seconds):
                    response = await self._connected().post(
                        "/chat/completions", cast_to=httpx2.Response, body=body
                    )
                headers = response.headers
                data = answers.loaded(response.content)
            except openai.APIStatusError as error:
                headers = error.response.headers
                refusal = answers.server_error(error.status_code, error.body, headers)
                return self._refused(refusal, entry, began)
            except (openai.APITimeoutError, TimeoutError):
                # Most likely the call waited in the server's queue: fewer in flight get answers.
                self.pace.record_timeout(began)
                return entry.lost(FailureCode.TIMED_OUT)
            except TooLarge:
                return entry.lost(FailureCode.ANSWER_TOO_LARGE)
            except openai.APIConnectionError as error:
                return self._unreached(error, entry)
            except (openai.APIError, ValueError):  # no JSON, or of another shape
                return entry.lost(FailureCode.ANSWER_NOT_UNDERSTOOD)
            if answers.is_error(data):  # with status 200, as some routers do
                return self._refused(answers.server_error(200, data, headers), entry, began)
            usage = answers.usage(data, body)
            text, trouble = answers.content(data)
            model = answers.model(data)
            entry.outcome = ScoringOutcome(
                "answered", usage, _code_of(trouble), http_status=200, model=model, mode=mode
            )
            self.pace.record_success(began, headers)
            return Answer(text, trouble, usage, mode, model)

    def _refused(
        self, error: errors.ServerError, entry: "_Entry", began: float
    ) -> errors.RetryableFailure:
        entry.outcome = ScoringOutcome(
            "refused", error_code=errors.classify(error, self.model), http_status=error.status
        )
        retry = errors.judge(error, self.model)
        if retry.is_busy:
            self.pace.record_refusal(began, retry.wait or 0.0)
        return retry

    @asynccontextmanager
    async def _entered(self, tokens: int) -> AsyncIterator["_Entry"]:
        """A line in the ledger, settled however the call ends."""
        entry = _Entry()
        if self.calls is None:
            yield entry
            return
        call = await self.calls.start(tokens)
        try:
            yield entry
        finally:
            await self.calls.settle(call, entry.outcome)

    def _unreached(
        self, error: openai.APIConnectionError, entry: "_Entry"
    ) -> errors.RetryableFailure:
        causes = list(_causes(error))
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            code = FailureCode.CERTIFICATE_INVALID
            entry.outcome = ScoringOutcome("failed", error_code=code)
            raise EngineUnavailable(Reason(code)) from error
        if any(
            isinstance(cause, (httpx2.ConnectError, httpx2.UnsupportedProtocol)) for cause in causes
        ):
            code = FailureCode.UNREACHABLE
            entry.outcome = ScoringOutcome("failed", error_code=code)
            return errors.RetryableFailure(code, is_busy=True)
        return entry.lost(FailureCode.CONNECTION_BROKEN)

    def _step_down(self, mode: Mode) -> None:
        """Ask in a simpler mode from now on, where there is one."""
        if self.mode() == mode != MODES[-1]:  # else another call has stepped down already
            _modes[self._endpoint()] = MODES[MODES.index(mode) + 1]
            self._scouts.start_over()

    def _endpoint(self) -> tuple[str, str]:
        return self._base_url or "", self.model

    def _connected(self) -> openai.AsyncOpenAI:
        if self._client is None:
            self._client = openai.AsyncOpenAI(
                api_key=self._api_key,
                base_url=self._base_url,
                max_retries=0,  # `ask` is the only retry loop
                timeout=self._timeout,
                default_headers={
                    "Accept-Encoding": "identity"
                },  # the size of a compressed answer is not known
                http_client=openai.DefaultAsyncHttpxClient(
                    # A redirect would carry résumé and key to another server.
                    follow_redirects=False,
                    timeout=self._timeout,
                    limits=httpx2.Limits(
                        max_connections=None, max_keepalive_connections=self._concurrency
                    ),
                    event_hooks={"request": [self._watch], "response": [_bound]},
                ),
            )
        return self._client

    async def _watch(self, request: httpx2.Request) -> None:
        """Have new connections probed, and let the calls that wait for the first ones know when one
        has left."""
        connecting_since = None

        async def on_event(event: str, info: dict[str, Any]) -> None:
            nonlocal connecting_since
            if event == "connection.connect_tcp.started":
                connecting_since = time.monotonic()
            elif event == "connection.connect_tcp.complete":
                _keep_alive(info["return_value"].get_extra_info("socket"))
            elif event.endswith(".send_request_body.complete") and not self._scouts.is_open():
                took = 0.0 if connecting_since is None else time.monotonic() - connecting_since
                self._scouts.left(took)

        request.extensions["trace"] = on_event


class _Entry:
    """The outcome of the current call; until it is set, the call has left and is lost."""

    def __init__(self) -> None:
        self.outcome = ScoringOutcome("unknown", error_code=FailureCode.CALL_ABORTED)

    def lost(self, code: FailureCode) -> errors.RetryableFailure:
        self.outcome = ScoringOutcome("unknown", error_code=code)
        return errors.RetryableFailure(code)


class _Bounded(httpx2.AsyncByteStream):
    """A stream that ends with an error where it is longer than an answer may be."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        bytes_left = MAX_ANSWER_BYTES
        async for part in self._stream:
            bytes_left -= len(part)
            if bytes_left < 0:
                raise TooLarge
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


def _keep_alive(connection: socket.socket) -> None:
    """Have the kernel notice a peer that is gone, however long an answer may take."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE_OPTIONS.items():
        if hasattr(socket, name):  # macOS lacks one of them
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _bound(response: httpx2.Response) -> None:
    """Refuse a compressed answer, and let no more through than an answer may have."""
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise TooLarge
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream)


def _code_of(trouble: Reason | None) -> FailureCode | None:
    return FailureCode(trouble.code) if trouble else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def forget() -> None:
    """Forget the modes of all endpoints: for tests."""
    _modes.clear()
    _proven.clear()
