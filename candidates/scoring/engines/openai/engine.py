"""The engine `openai`: a language model behind any OpenAI-compatible endpoint."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from candidates.facts.flags import Flag, FlagKind
from candidates.facts.reason import FailureCode, Param, Reason
from candidates.scoring import attacks, catalogue, shorten
from candidates.scoring.contract import CallHooks
from candidates.scoring.engines.names import OPENAI, VERSIONS
from candidates.scoring.rubric import Rubric, RubricCriterion
from candidates.scoring.scorecard import (
    EngineUnavailable,
    Insight,
    Scorecard,
    ScoringFailed,
    Usage,
)

from . import answers, prompt
from .connection import Answer, Connection
from .errors import TooLong
from .prompt import MIN_CACHED_TOKENS, Message, Mode, Prompt
from .vanguard import Vanguard

CUT_DIVISOR = 2  # a résumé that is too long by an unknown amount is cut to this part
MIN_RESUME_BYTES = 600  # below, rating a résumé makes no sense
MAX_WARM_PROMPTS = 64  # analyses whose prompts are known to be cached by the server
COPIED_RUN_WORDS = 8
COPIED_SHARE = 0.3  # of the description's runs of words, from which a résumé is flagged as a copy


class OpenAIEngine:
    """Implements `Engine`; one instance a process: it holds the client and its pool.

    `calls` adds a shared limiter and a ledger to each call; `facts` are those of models that the
    operator has configured, by name, as `catalogue.facts` takes them.
    """

    name = OPENAI
    version = VERSIONS[OPENAI]

    def __init__(
        self,
        model: str,
        *,
        api_key: str = "",
        base_url: str = "",
        concurrency: int = 64,
        calls: CallHooks | None = None,
        facts: Mapping[str, Mapping[str, Any]] | None = None,
        **limits: Any,
    ) -> None:
        if not api_key:
            raise EngineUnavailable(Reason(FailureCode.API_KEY_MISSING))
        self.model = model
        self.facts = catalogue.facts(model, facts)
        self.connection = Connection(
            model,
            api_key=api_key,
            base_url=base_url,
            concurrency=concurrency,
            calls=calls,
            **limits,
        )
        self._warm: dict[str, Vanguard] = {}

    @property
    def mode(self) -> Mode:
        """The format that the model is asked for, as far as is known."""
        return self.connection.mode()

    async def score(
        self,
        document: str,
        rubric: Rubric,
        *,
        with_insights: bool = False,
        inspection: attacks.Inspection | None = None,
    ) -> Scorecard:
        request = prompt.scoring(rubric, with_insights=with_insights)
        inspection = inspection or attacks.inspect(document)
        visible = inspection.visible_text

        def parse(text: str) -> Any:
            return answers.scorecard(text, rubric, document, visible, with_insights=with_insights)

        (ratings, insight), answer, flags = await self._ask_about(
            visible, rubric, request, lambda text: prompt.resume(request, text), parse
        )
        flags += inspection.flags
        if copies(document, rubric.description):
            flags += (Flag(FlagKind.COPIES_DESCRIPTION),)
        return Scorecard(ratings, answer.usage, flags, answer.mode, answer.model, insight)

    async def insights(
        self,
        document: str,
        rubric: Rubric,
        card: Scorecard,
        *,
        inspection: attacks.Inspection | None = None,
    ) -> tuple[Insight, Usage]:
        request = prompt.narrating(rubric)
        visible = (inspection or attacks.inspect(document)).visible_text
        insight, answer, _ = await self._ask_about(
            visible,
            rubric,
            request,
            lambda text: prompt.rated(card, text, request),
            lambda text: answers.insight(answers.parsed(text), document, visible),
        )
        return insight, answer.usage

    async def suggest(
        self, title: str, description: str
    ) -> tuple[tuple[RubricCriterion, ...], Usage]:
        request = prompt.suggesting(answers.clean(title), answers.clean(description))
        try:
            criteria, answer = await self._ask_until_usable(request, (), answers.criteria)
        except TooLong as error:
            raise ScoringFailed(Reason(FailureCode.DESCRIPTION_TOO_LONG)) from error
        return criteria, answer.usage

    def estimate(self, document: str, rubric: Rubric, *, with_insights: bool = False) -> Usage:
        request = prompt.scoring(rubric, with_insights=with_insights)
        shared = request.shared_tokens
        return Usage(
            calls=1,
            prompt_tokens=shared + catalogue.tokens(document),
            completion_tokens=request.answer_tokens,
            cached_tokens=shared if self.facts.warms and shared >= MIN_CACHED_TOKENS else 0,
            estimated=True,
        )

    async def aclose(self) -> None:
        await self.connection.aclose()

    async def _ask_about[Parsed](
        self,
        visible: str,
        rubric: Rubric,
        request: Prompt,
        last_message: Callable[[str], Message],
        parse: Callable[[str], Parsed],
    ) -> tuple[Parsed, Answer, tuple[Flag, ...]]:
        """Ask about a document, which is shortened where it exceeds the model's context."""
        whole = prompt.visible(visible)
        room = self._room(request)
        short = shorten.shorten(whole, rubric, room) if room else shorten.Shortened(whole, 1.0)
        while True:
            try:
                messages = (last_message(short.text),)
                result, answer = await self._ask_until_usable(request, messages, parse)
                break
            except TooLong as error:
                if len(short.text.encode("utf-8", "replace")) <= MIN_RESUME_BYTES:
                    raise ScoringFailed(Reason(FailureCode.RESUME_TOO_LONG)) from error
                room = self._room_after_refusal(request, short.text, error.limit)
                short = shorten.shorten(short.text, rubric, room)
        share = len(short.text) / max(1, len(whole))
        if share >= 1.0:
            return result, answer, ()
        percent = max(1, round(100 * share))
        return result, answer, (Flag(FlagKind.SHORTENED, {"percent": percent}),)

    def _room(self, request: Prompt) -> int:
        """Return the bytes that a résumé may have; 0 where the model's context is not known."""
        if not self.facts.context:
            return 0
        return self._room_within(request, self.facts.context)

    def _room_after_refusal(self, request: Prompt, text: str, limit: int) -> int:
        """Return the bytes that a résumé may have after the server has refused it as too long."""
        half = max(MIN_RESUME_BYTES, len(text.encode("utf-8", "replace")) // CUT_DIVISOR)
        return min(half, self._room_within(request, limit)) if limit else half

    def _room_within(self, request: Prompt, context: int) -> int:
        room = request.room(context)
        if room < MIN_RESUME_BYTES:
            limits: dict[str, Param] = {"tokens": context, "model": self.model}
            raise EngineUnavailable(Reason(FailureCode.CONTEXT_TOO_SMALL, limits))
        return room

    async def _ask_until_usable[Parsed](
        self, request: Prompt, last: Sequence[Message], parse: Callable[[str], Parsed]
    ) -> tuple[Parsed, Answer]:
        """Ask, and once more where `parse` raises UnusableAnswer."""
        usage = Usage()
        messages = list(last)
        while True:
            answer = await self._ask(request, messages)
            usage += answer.usage
            trouble = answer.trouble
            if trouble is None:
                try:
                    result = parse(answer.text)
                except answers.UnusableAnswer as error:
                    trouble = error.reason
                    self.connection.misread(answer.mode)
                else:
                    self.connection.understood(answer.mode)
                    return result, replace(answer, usage=usage)
            if len(messages) > len(last):  # this was the second answer
                failed = ScoringFailed(Reason.because_of(FailureCode.ANSWER_UNUSABLE, trouble))
                failed.usage = usage
                raise failed
            why = answers.in_words(trouble)
            messages += [
                {"role": "assistant", "content": answer.text or "(nothing)"},
                {"role": "user", "content": f"That cannot be used: {why}. Answer again."},
            ]

    async def _ask(self, request: Prompt, last: Sequence[Message]) -> Answer:
        key = request.key
        size = sum(len(message["content"].encode("utf-8", "replace")) for message in last)
        shared = request.shared_tokens
        tokens = shared + size // catalogue.BYTES_PER_TOKEN + request.answer_tokens

        def body(mode: Mode) -> dict[str, Any]:
            data = request.body(self.model, mode, last)
            if self.connection.takes_cache_key():
                data["prompt_cache_key"] = key
            return data

        if not self.facts.warms or shared < MIN_CACHED_TOKENS or not request.block:
            return await self.connection.ask(body, tokens)
        if key not in self._warm and len(self._warm) >= MAX_WARM_PROMPTS:
            del self._warm[next(iter(self._warm))]
        async with self._warm.setdefault(key, Vanguard(1)).call():
            return await self.connection.ask(body, tokens)


def copies(document: str, description: str) -> bool:
    """Whether a large part of the description stands in the document word for word."""
    runs = _runs(description)
    words = " ".join(document.casefold().split())
    return sum(run in words for run in runs) > COPIED_SHARE * len(runs)


@lru_cache(maxsize=16)
def _runs(text: str) -> tuple[str, ...]:
    """Cut the text into runs of COPIED_RUN_WORDS; a shorter rest is left out."""
    words = text.casefold().split()
    starts = range(0, len(words) - COPIED_RUN_WORDS + 1, COPIED_RUN_WORDS)
    return tuple(" ".join(words[start : start + COPIED_RUN_WORDS]) for start in starts)
