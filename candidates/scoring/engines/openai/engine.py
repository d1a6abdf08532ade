"""The contract `Engine`, kept by a language model behind any OpenAI-compatible endpoint."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from candidates.facts.reason import FailureCode, Param, Reason
from candidates.scoring import attacks, catalogue, shorten
from candidates.scoring.engines import OPENAI, VERSIONS
from candidates.scoring.rubric import Rubric, RubricCriterion
from candidates.scoring.scorecard import (
    Calls,
    EngineUnavailable,
    Insight,
    Scorecard,
    ScoringFailed,
    ScoringFlag,
    Usage,
)

from . import answers, prompt
from .connection import Answer, Connection
from .errors import TooLong
from .prompt import WARM_FROM, Message, Mode, Prompt
from .vanguard import Vanguard

HARDER = 2  # a prompt that does not fit, and nobody says why, is cut to this part of it
FEWEST = 600  # bytes of a résumé, below which rating it makes no sense
PREFIXES = 64  # analyses whose warmth is remembered
COPIED = 8  # words in a row
COPIED_SHARE = 0.3  # of the description's, from which it is flagged


class OpenAIEngine:
    """Keeps the contract `Engine`. Make one for each process: it holds the client and its pool.

    `calls` hangs a shared limiter and a ledger on each call; `facts` are what the operator knows
    of models, by name, as `catalogue.facts` takes them.
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
        calls: Calls | None = None,
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
        """How the model is asked for its answers, as far as is known."""
        return self.connection.mode()

    async def score(
        self,
        document: str,
        rubric: Rubric,
        *,
        with_insights: bool = False,
        look: attacks.Look | None = None,
    ) -> Scorecard:
        asked = prompt.scoring(rubric, with_insights=with_insights)
        looked = look or attacks.look(document)
        seen = looked.text

        def read(text: str) -> Any:
            return answers.scorecard(text, rubric, document, seen, with_insights=with_insights)

        (ratings, insight), answer, flags = await self._about(
            seen, rubric, asked, lambda text: prompt.resume(asked, text), read
        )
        flags += looked.flags
        if copies(document, rubric.description):
            flags += (ScoringFlag("copies-description"),)
        return Scorecard(ratings, answer.usage, flags, answer.mode, answer.model, insight)

    async def insights(
        self,
        document: str,
        rubric: Rubric,
        card: Scorecard,
        *,
        look: attacks.Look | None = None,
    ) -> tuple[Insight, Usage]:
        asked = prompt.narrating(rubric)
        seen = (look or attacks.look(document)).text
        insight, answer, _ = await self._about(
            seen,
            rubric,
            asked,
            lambda text: prompt.rated(card, text, asked),
            lambda text: answers.insight(answers.parsed(text), document, seen),
        )
        return insight, answer.usage

    async def suggest(
        self, title: str, description: str
    ) -> tuple[tuple[RubricCriterion, ...], Usage]:
        asked = prompt.suggesting(answers.clean(title), answers.clean(description))
        try:
            found, answer = await self._usable(asked, (), answers.criteria)
        except TooLong as error:
            raise ScoringFailed(Reason(FailureCode.DESCRIPTION_TOO_LONG)) from error
        return found, answer.usage

    def estimate(self, document: str, rubric: Rubric, *, with_insights: bool = False) -> Usage:
        asked = prompt.scoring(rubric, with_insights=with_insights)
        shared = asked.shared_tokens
        return Usage(
            calls=1,
            prompt_tokens=shared + catalogue.tokens(document),
            completion_tokens=asked.answer_tokens,
            cached_tokens=shared if self.facts.warms and shared >= WARM_FROM else 0,
            estimated=True,
        )

    async def aclose(self) -> None:
        await self.connection.aclose()

    async def _about[Read](
        self,
        seen: str,
        rubric: Rubric,
        asked: Prompt,
        last: Callable[[str], Message],
        read: Callable[[str], Read],
    ) -> tuple[Read, Answer, tuple[ScoringFlag, ...]]:
        """An answer about a document, which is shortened where the model cannot take it in."""
        whole = prompt.visible(seen)
        room = self._room(asked)
        short = shorten.shorten(whole, rubric, room) if room else shorten.Shortened(whole, 1.0)
        while True:
            try:
                found, answer = await self._usable(asked, (last(short.text),), read)
                break
            except TooLong as error:
                if len(short.text.encode("utf-8", "replace")) <= FEWEST:
                    raise ScoringFailed(Reason(FailureCode.RESUME_TOO_LONG)) from error
                room = self._less(asked, short.text, error.limit)
                short = shorten.shorten(short.text, rubric, room)
        share = len(short.text) / max(1, len(whole))
        if share >= 1.0:
            return found, answer, ()
        told = f"The model saw {max(1, round(100 * share))}% of the text."
        return found, answer, (ScoringFlag("shortened", told),)

    def _room(self, asked: Prompt) -> int:
        """Bytes that a résumé may have; 0 when nobody knows."""
        if not self.facts.context:
            return 0
        return self._left(asked, self.facts.context)

    def _less(self, asked: Prompt, text: str, limit: int) -> int:
        """Bytes that a résumé may have, after the server said that it is too long."""
        half = max(FEWEST, len(text.encode("utf-8", "replace")) // HARDER)
        return min(half, self._left(asked, limit)) if limit else half

    def _left(self, asked: Prompt, context: int) -> int:
        room = asked.room(context)
        if room < FEWEST:
            limits: dict[str, Param] = {"tokens": context, "model": self.model}
            raise EngineUnavailable(Reason(FailureCode.CONTEXT_TOO_SMALL, limits))
        return room

    async def _usable[Read](
        self, asked: Prompt, last: Sequence[Message], read: Callable[[str], Read]
    ) -> tuple[Read, Answer]:
        """An answer that `read` understands, mended once where it does not."""
        usage = Usage()
        messages = list(last)
        while True:
            answer = await self._ask(asked, messages)
            usage += answer.usage
            trouble = answer.trouble
            if trouble is None:
                try:
                    found = read(answer.text)
                except answers.UnusableAnswer as error:
                    trouble = error.reason
                    self.connection.misread(answer.mode)
                else:
                    self.connection.understood(answer.mode)
                    return found, _with(answer, usage)
            if len(messages) > len(last):  # this was the second answer
                failed = ScoringFailed(Reason.because_of(FailureCode.ANSWER_UNUSABLE, trouble))
                failed.usage = usage
                raise failed
            why = answers.in_words(trouble)
            messages += [
                {"role": "assistant", "content": answer.text or "(nothing)"},
                {"role": "user", "content": f"That cannot be used: {why}. Answer again."},
            ]

    async def _ask(self, asked: Prompt, last: Sequence[Message]) -> Answer:
        key = asked.key
        size = sum(len(one["content"].encode("utf-8", "replace")) for one in last)
        shared = asked.shared_tokens
        tokens = shared + size // catalogue.A_TOKEN + asked.answer_tokens

        def body(mode: Mode) -> dict[str, Any]:
            made = asked.body(self.model, mode, last)
            if self.connection.takes_cache_key():
                made["prompt_cache_key"] = key
            return made

        if not self.facts.warms or shared < WARM_FROM or not asked.block:
            return await self.connection.ask(body, tokens)
        if key not in self._warm and len(self._warm) >= PREFIXES:
            del self._warm[next(iter(self._warm))]
        async with self._warm.setdefault(key, Vanguard(1)).call():
            return await self.connection.ask(body, tokens)


def _with(answer: Answer, usage: Usage) -> Answer:
    return Answer(answer.text, answer.trouble, usage, answer.mode, answer.model)


def copies(document: str, description: str) -> bool:
    """Whether a large part of the description stands in the document word for word."""
    wanted = _runs(description)
    words = " ".join(document.casefold().split())
    return sum(run in words for run in wanted) > COPIED_SHARE * len(wanted)


@lru_cache(maxsize=16)
def _runs(text: str) -> tuple[str, ...]:
    """The text cut into runs of so many words; what is left at the end is none."""
    words = text.casefold().split()
    return tuple(
        " ".join(words[at : at + COPIED]) for at in range(0, len(words) - COPIED + 1, COPIED)
    )
