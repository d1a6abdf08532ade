"""Prompts: first what all calls of an analysis share, byte for byte, the résumé last.

A server that caches the beginning of prompts can then cache everything but the résumé. The name of
the résumé's block is derived from the rubric, so that it is the same for the whole analysis. A
résumé cannot contain it: text that looks like it is replaced, and what `attacks` finds is hidden.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from candidates.scoring import catalogue
from candidates.scoring.rubric import Rubric, RubricCriterion
from candidates.scoring.scorecard import MAX_RATING, Scorecard

Mode = Literal["json_schema", "json_object", "text"]
MODES: tuple[Mode, ...] = ("json_schema", "json_object", "text")
FOLDER = Path(__file__).resolve().parent.parent.parent / "prompts"
SCORE, INSIGHTS, SUGGEST = "score-v2", "insights-v1", "suggest-v1"
HIGHEST_RATING = int(MAX_RATING)
EDGES = re.compile(r"(?<=\n)[^\S\n]++|(?<![^\S\n])[^\S\n]++(?=\n)")
BLANKS = re.compile(r"[^\S\n]{2,}|[^\S\n\t ]")  # single blanks and tabs stay
EMPTY_LINES = re.compile(r"\n{3,}")
# Estimates of an answer, for limits that apply before it is known.
TOKENS_PER_ANSWER = 60
TOKENS_PER_RATING = 90
SPARE_TOKENS = 1_000  # besides the answer, for the error of estimates
MIN_CACHED_TOKENS = 1024  # of a shared beginning, from which servers cache it

Message = dict[str, str]
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What all calls of one kind share.

    `block` is the name of the résumé's block; `key` is the same for all calls with the same
    beginning; tokens are estimates.
    """

    name: str  # of the schema
    system: str
    shared: str
    schema: Schema
    block: str
    answer_tokens: int
    shared_tokens: int
    key: str

    def room(self, context: int) -> int:
        """Return the bytes left for a résumé in a context of so many tokens; may be below 1."""
        spare = min(SPARE_TOKENS, context // 8) + self.answer_tokens
        return (context - spare - self.shared_tokens) * catalogue.BYTES_PER_TOKEN

    def body(self, model: str, mode: Mode, last: Sequence[Message]) -> dict[str, Any]:
        """Return the request, with the messages `last` after the shared ones."""
        shared = self.shared if mode == "json_schema" else _with_schema(self, mode)
        body: dict[str, Any] = {
            "model": model,
            "messages": [
                {"role": "system", "content": self.system},
                {"role": "user", "content": shared},
                *last,
            ],
        }
        if mode == "json_schema":
            schema = {"name": self.name, "strict": True, "schema": self.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif mode == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body


def _prompt(
    name: str, system: str, shared: str, schema: Schema, *, block: str, answer_tokens: int
) -> Prompt:
    whole = f"{system}\0{shared}\0{json.dumps(schema)}"
    return Prompt(
        name=name,
        system=system,
        shared=shared,
        schema=schema,
        block=block,
        answer_tokens=answer_tokens,
        shared_tokens=catalogue.tokens(whole),
        key=sha256(whole.encode()).hexdigest()[:32],
    )


@lru_cache(maxsize=16)
def scoring(rubric: Rubric, *, with_insights: bool = False) -> Prompt:
    """Return the prompt for a scorecard, and for its insight where that is asked for too."""
    system, schema = _file(SCORE), scorecard_schema(rubric)
    answer = TOKENS_PER_ANSWER + TOKENS_PER_RATING * len(rubric.criteria)
    if with_insights:
        system = f'{system}\nBesides, under "insight":\n{_file(INSIGHTS)}'
        schema = _object({**schema["properties"], "insight": insight_schema()})
        answer *= 2
    block = _block(rubric)
    return _prompt("scorecard", system, _role(rubric), schema, block=block, answer_tokens=answer)


@lru_cache(maxsize=16)
def narrating(rubric: Rubric) -> Prompt:
    """Return the prompt for an insight alone, for a résumé that has its scorecard."""
    system, schema, block = _file(INSIGHTS), insight_schema(), _block(rubric)
    answer = 10 * TOKENS_PER_RATING
    return _prompt("insight", system, _role(rubric), schema, block=block, answer_tokens=answer)


def suggesting(title: str, description: str) -> Prompt:
    """Return the prompt for criteria of a role; no message follows it."""
    role = json.dumps({"title": title, "description": description}, ensure_ascii=False, indent=1)
    system, schema, answer = _file(SUGGEST), suggestion_schema(), 10 * TOKENS_PER_RATING
    return _prompt("criteria", system, role, schema, block="", answer_tokens=answer)


def resume(prompt: Prompt, visible_text: str) -> Message:
    """Return the last message: the résumé in its block, which it cannot close."""
    code = prompt.block.rpartition("-")[2]
    inside = re.sub(re.escape(code), "x" * len(code), visible_text, flags=re.IGNORECASE)
    return {"role": "user", "content": f"<{prompt.block}>\n{inside}\n</{prompt.block}>"}


def rated(card: Scorecard, visible_text: str, prompt: Prompt) -> Message:
    """Return the last message for an insight: the résumé, followed by its ratings."""
    message = resume(prompt, visible_text)
    ratings = json.dumps({rating.criterion: rating.rating for rating in card.ratings})
    return {**message, "content": f"{message['content']}\nIt was rated: {ratings}"}


def visible(neutral: str) -> str:
    """Return what `attacks.neutral` returned for a document, without runs of blanks.

    Redaction leaves blanks: their number would reveal the length of a name.
    """
    text = EDGES.sub("", neutral.replace("\u200b", ""))
    return EMPTY_LINES.sub("\n\n", BLANKS.sub(_blank, text)).strip()


def _blank(run: re.Match[str]) -> str:
    return "\t" if "\t" in run[0] else " "


def scorecard_schema(rubric: Rubric) -> Schema:
    rating = _object(
        {
            "quotes": {"type": "array", "items": {"type": "string"}},
            "reason": {"type": "string"},
            "rating": {"type": "integer", "enum": list(range(HIGHEST_RATING + 1))},
        }
    )
    return _object({criterion.key: rating for criterion in rubric.criteria})


def insight_schema() -> Schema:
    text = {"type": "string"}
    return _object(
        {
            "strengths": {"type": "array", "items": _object({"text": text, "quote": text})},
            "gaps": {"type": "array", "items": _object({"text": text, "question": text})},
        }
    )


def suggestion_schema() -> Schema:
    criterion = _object(
        {
            "name": {"type": "string"},
            "looks_for": {"type": "string"},
            "weight": {"type": "integer"},
            "must_have": {"type": "boolean"},
        }
    )
    return _object({"criteria": {"type": "array", "items": criterion}})


def _object(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


@lru_cache(maxsize=16)
def _schema_in_words(schema: str, mode: Mode) -> str:
    instruction = (
        "Answer with one JSON object"
        if mode == "json_object"
        else "Answer with one JSON object in a block that begins with ```json and ends with ```,"
        " and with nothing else"
    )
    return f"{instruction}, by this JSON schema:\n{schema}"


def _with_schema(prompt: Prompt, mode: Mode) -> str:
    return f"{prompt.shared}\n{_schema_in_words(json.dumps(prompt.schema), mode)}"


@cache
def _file(name: str) -> str:
    return (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


@lru_cache(maxsize=16)
def _block(rubric: Rubric) -> str:
    return f"resume-{sha256(f'block {rubric.fingerprint()}'.encode()).hexdigest()[:12]}"


@lru_cache(maxsize=16)
def _role(rubric: Rubric) -> str:
    role = {
        "title": rubric.title,
        "description": rubric.description,
        "criteria": [_criterion(criterion) for criterion in rubric.criteria],
        "the résumé's block": _block(rubric),
    }
    text = json.dumps(role, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "replace").decode()


def _criterion(criterion: RubricCriterion) -> dict[str, Any]:
    """Return everything but the weight: only the arithmetic uses weights, which no model does."""
    texts = {"key": criterion.key, "name": criterion.name, "good looks like": criterion.looks_for}
    return {key: text for key, text in texts.items() if text} | (
        {"must-have": True} if criterion.must_have else {}
    )
