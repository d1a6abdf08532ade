"""How a model is called: one client and one pool a process, one retry loop, a limit to everything.

The client's own retries are off and its time-outs are set: by itself it would wait 600 seconds,
three times. What a server sends is read up to a size, never unpacked, and within a time for the
whole; where a server sends us elsewhere, we do not go.
"""

import asyncio
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import openai
from openai import Timeout

from candidates.scoring.engines.pace import Pace, Paused
from candidates.scoring.scorecard import (
    Calls,
    EngineBusy,
    EngineUnavailable,
    ScoringFailed,
    ScoringOutcome,
    Usage,
)

from . import answers, errors
from .prompt import MODES, Mode
from .vanguard import Vanguard

TRIES = 4  # of one call; then the résumé is put off
PAUSE = 0.1  # seconds before the second try, doubled with each
LONGEST_PAUSE = 8.0
HOLD = 15.0  # seconds that a call waits in here; beyond, it goes back to the queue
LARGEST = 5_000_000  # bytes of an answer
SCOUTS = 1  # call that goes ahead after a silence: two workers find out with two
A_MOMENT = 0.4  # seconds, once they have left, in which they may find that nothing works
WHOLE = 120.0  # seconds of one call from beginning to end
TIMEOUT = Timeout(60.0, connect=10.0, pool=WHOLE)

# In which way each endpoint and model may be asked at most, and the ways in which an answer was
# understood.
_modes: dict[tuple[str, str], Mode] = {}
_proven: set[tuple[str, str, Mode]] = set()


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of the model. `trouble` says why its text cannot be used, if it cannot."""

    text: str
    trouble: str
    usage: Usage
    mode: Mode
    model: str


class TooLarge(Exception):
    """An answer is longer than LARGEST, or packed."""


class Connection:
    """Calls one model at one endpoint. Belongs to the event loop it is first used in."""

    def __init__(
        self,
        model: str,
        *,
        api_key: str,
        base_url: str = "",
        concurrency: int = 64,
        calls: Calls | None = None,
        timeout: Timeout = TIMEOUT,
        whole: float = WHOLE,
    ) -> None:
        self.model = model
        self.pace = Pace(concurrency, hold=HOLD)
        self.calls = calls
        self.whole = whole
        self._api_key = api_key
        self._base_url = base_url or None
        self._timeout = timeout
        self._concurrency = concurrency
        self._client: openai.AsyncOpenAI | None = None
        self._scouts = Vanguard(SCOUTS, A_MOMENT)

    async def ask(self, body_in: Callable[[Mode], dict[str, Any]], tokens: int) -> Answer:
        """One answer to `body_in(mode)`, tried again where that may help.

        `tokens` is about what the call will cost, for limits. Raises EngineUnavailable,
        EngineBusy, ScoringFailed and errors.TooLong.
        """
        tries = 0
        while True:
            try:
                async with self._scouts.call():
                    mode = self.mode()  # as those who went ahead have found
                    answer = await self._call(body_in(mode), tokens, mode, again=tries > 0)
            except errors.Unsupported as unsupported:
                # A refusal without a reason is held against the way of asking only while that has
                # never worked here; else it is about this one request.
                is_known = (*self._place(), mode) in _proven
                if mode == MODES[-1] or (is_known and not unsupported.certain):
                    raise ScoringFailed(str(unsupported)) from unsupported
                self._step_down(mode)
                continue
            except errors.Filtered:
                trouble = "the server's content filter held it back"
                return Answer("", trouble, Usage(calls=1), mode, "")
            except Paused as paused:
                why = "The model server asked for a pause."
                raise EngineBusy(why, retry_after=paused.seconds) from None
            if isinstance(answer, Answer):
                return answer
            tries += 1
            await self._wait(answer, tries)

    def mode(self) -> Mode:
        """How this model is asked for its answer, as far as is known."""
        return _modes.get(self._place(), MODES[0])

    def understood(self, mode: Mode) -> None:
        """An answer was as it was asked for."""
        _proven.add((*self._place(), mode))

    def misread(self, mode: Mode) -> None:
        """An answer was not: of a server that takes no notice of the way in which it is asked, all
        would be like it."""
        if (*self._place(), mode) not in _proven:
            self._step_down(mode)

    def takes_cache_key(self) -> bool:
        """Whether the API has `prompt_cache_key`: others refuse what they do not know."""
        host = self._connected().base_url.host
        return host.endswith((".openai.com", ".azure.com"))

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _wait(self, again: errors.Again, tries: int) -> None:
        """Wait before the next try, or raise when it is not for us to wait."""
        wait = again.wait
        if tries >= TRIES or (wait or 0.0) > HOLD:
            why = f"{again.why}; {tries} tries." if tries > 1 else f"{again.why}."
            if again.busy:
                raise EngineBusy(why, retry_after=wait or LONGEST_PAUSE)
            raise ScoringFailed(why, again=True, after=wait)
        jitter = random.uniform(0.5, 1.5)  # noqa: S311 -- so that not all come back at once
        pause = min(PAUSE * 2 ** (tries - 1), LONGEST_PAUSE) * jitter
        # Never before the time asked for; spread over a little more.
        await asyncio.sleep(pause if wait is None else wait + min(pause, wait / 4))

    async def _call(
        self, body: dict[str, Any], tokens: int, mode: Mode, *, again: bool
    ) -> Answer | errors.Again:
        """One call, with a place in the pace and a line in the ledger."""
        async with self.pace.place(again=again) as began, self._entered(tokens) as entry:
            try:
                async with asyncio.timeout(self.whole):
                    response = await self._connected().post(
                        "/chat/completions", cast_to=httpx2.Response, body=body
                    )
                headers = response.headers
                data = answers.loaded(response.content)
            except openai.APIStatusError as error:
                headers = error.response.headers
                told = answers.told(error.status_code, error.body, headers)
                return self._refused(told, entry, began)
            except (openai.APITimeoutError, TimeoutError):
                return entry.lost(errors.Again("The model did not answer in time"))
            except TooLarge:
                return entry.lost(errors.Again("The model server's answer is too large or packed"))
            except openai.APIConnectionError as error:
                return self._unreached(error, entry)
            except (openai.APIError, ValueError):  # no JSON, or of another shape
                return entry.lost(errors.Again("The model server's answer is not understood"))
            if answers.is_error(data):  # with status 200, as some routers do
                return self._refused(answers.told(200, data, headers), entry, began)
            usage = answers.usage(data, body)
            text, trouble = answers.content(data)
            model = answers.model(data)
            entry.outcome = ScoringOutcome("answered", usage, trouble, model, mode)
            self.pace.well(began, headers)
            return Answer(text, trouble, usage, mode, model)

    def _refused(self, told: errors.Told, entry: "_Entry", began: float) -> errors.Again:
        entry.outcome = ScoringOutcome("refused", detail=f"{told.status} {told.code}".strip())
        again = errors.judge(told, self.model)
        if again.busy:
            self.pace.refused(began, again.wait or 0.0)
        return again

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

    def _unreached(self, error: openai.APIConnectionError, entry: "_Entry") -> errors.Again:
        causes = list(_causes(error))
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            entry.outcome = ScoringOutcome("failed", detail="certificate")
            raise EngineUnavailable(
                "The certificate of the model server is not valid for its address, or has run "
                "out. Set OPENAI_BASE_URL to the right address, or renew the certificate."
            ) from error
        if any(
            isinstance(cause, (httpx2.ConnectError, httpx2.UnsupportedProtocol)) for cause in causes
        ):
            entry.outcome = ScoringOutcome("failed", detail="not reached")
            return errors.Again("The model server cannot be reached", busy=True)
        return entry.lost(errors.Again("The connection to the model server broke"))

    def _step_down(self, mode: Mode) -> None:
        """Ask in a simpler way from now on, where there is one."""
        if self.mode() == mode != MODES[-1]:  # or another call has found out at the same time
            _modes[self._place()] = MODES[MODES.index(mode) + 1]
            self._scouts.start_over()

    def _place(self) -> tuple[str, str]:
        return self._base_url or "", self.model

    def _connected(self) -> openai.AsyncOpenAI:
        if self._client is None:
            self._client = openai.AsyncOpenAI(
                api_key=self._api_key,
                base_url=self._base_url,
                max_retries=0,  # there is one retry loop, and it is ours
                timeout=self._timeout,
                default_headers={"Accept-Encoding": "identity"},  # a packed answer has no size
                http_client=openai.DefaultAsyncHttpxClient(
                    # A redirect would carry résumé and key to somebody else.
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
        """Tell those who wait for the first calls when one has left."""
        if self._scouts.is_open():
            return
        connecting_since = None

        async def seen(event: str, _: object) -> None:
            nonlocal connecting_since
            if event == "connection.connect_tcp.started":
                connecting_since = time.monotonic()
            elif event.endswith(".send_request_body.complete"):
                took = 0.0 if connecting_since is None else time.monotonic() - connecting_since
                self._scouts.left(took)

        request.extensions["trace"] = seen


class _Entry:
    """How the call in hand stands; unless somebody knows better, it left and is lost."""

    def __init__(self) -> None:
        self.outcome = ScoringOutcome("unknown", detail="cut off")

    def lost(self, again: errors.Again) -> errors.Again:
        self.outcome = ScoringOutcome("unknown", detail=again.why)
        return again


class _Bounded(httpx2.AsyncByteStream):
    """A stream that ends with an error where it is longer than an answer may be."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = LARGEST
        async for part in self._stream:
            left -= len(part)
            if left < 0:
                raise TooLarge
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    """Refuse what is packed, and let no more through than an answer may have."""
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise TooLarge
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def forget() -> None:
    """Forget how endpoints were asked: for tests."""
    _modes.clear()
    _proven.clear()
