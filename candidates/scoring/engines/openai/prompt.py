"""What is sent to a model: all that an analysis shares first, byte for byte, the résumé last.

A server that caches the beginning of prompts can then cache all but the résumé. The résumé's block
carries a name made from the rubric, so that it is the same for the whole analysis, and a résumé
cannot hold it: what looks like it is taken out, and so is all that `attacks` finds.
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
from candidates.scoring.scorecard import Scorecard

Mode = Literal["json_schema", "json_object", "text"]
MODES: tuple[Mode, ...] = ("json_schema", "json_object", "text")
FOLDER = Path(__file__).resolve().parent.parent.parent / "prompts"
SCORE, INSIGHTS, SUGGEST = "score-v2", "insights-v1", "suggest-v1"
HIGHEST = 4
EDGES = re.compile(r"(?<=\n)[^\S\n]++|(?<![^\S\n])[^\S\n]++(?=\n)")
BLANKS = re.compile(r"[^\S\n]{2,}|[^\S\n\t ]")  # single blanks and tabs are right as they are
EMPTY_LINES = re.compile(r"\n{3,}")
# About what an answer takes, in tokens: for limits that are asked before it is known.
AN_ANSWER = 60
A_RATING = 90
SPARE = 1_000  # tokens left free for what estimates miss, besides the answer
WARM_FROM = 1024  # tokens that a prompt must share before servers cache it

Message = dict[str, str]
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What all calls of one kind share.

    `block` names the résumé's block, `key` is the same for all calls that begin in the same way;
    tokens are estimates.
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
        """Bytes that a résumé may have where `context` tokens fit; below 1 where none may."""
        spare = min(SPARE, context // 8) + self.answer_tokens
        return (context - spare - self.shared_tokens) * catalogue.BYTES_PER_TOKEN

    def body(self, model: str, mode: Mode, last: Sequence[Message]) -> dict[str, Any]:
        """The request, with `last` after what is shared."""
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
            told = {"name": self.name, "strict": True, "schema": self.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": told}
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
    """The prompt of a scorecard, and of its insight where that is asked for too."""
    system, schema = _file(SCORE), scorecard_schema(rubric)
    answer = AN_ANSWER + A_RATING * len(rubric.criteria)
    if with_insights:
        system = f'{system}\nBesides, under "insight":\n{_file(INSIGHTS)}'
        schema = _object({**schema["properties"], "insight": insight_schema()})
        answer *= 2
    block = _block(rubric)
    return _prompt("scorecard", system, _role(rubric), schema, block=block, answer_tokens=answer)


@lru_cache(maxsize=16)
def narrating(rubric: Rubric) -> Prompt:
    """The prompt of an insight by itself, for a résumé that has its scorecard."""
    system, schema, block = _file(INSIGHTS), insight_schema(), _block(rubric)
    answer = 10 * A_RATING
    return _prompt("insight", system, _role(rubric), schema, block=block, answer_tokens=answer)


def suggesting(title: str, description: str) -> Prompt:
    """The prompt of criteria for a role; nothing follows what is shared."""
    role = json.dumps({"title": title, "description": description}, ensure_ascii=False, indent=1)
    system, schema, answer = _file(SUGGEST), suggestion_schema(), 10 * A_RATING
    return _prompt("criteria", system, role, schema, block="", answer_tokens=answer)


def resume(prompt: Prompt, seen: str) -> Message:
    """The last message: the résumé in its block, which it cannot end."""
    code = prompt.block.rpartition("-")[2]
    inside = re.sub(re.escape(code), "x" * len(code), seen, flags=re.IGNORECASE)
    return {"role": "user", "content": f"<{prompt.block}>\n{inside}\n</{prompt.block}>"}


def rated(card: Scorecard, seen: str, prompt: Prompt) -> Message:
    """The last message of an insight: the résumé, and after it how it was rated."""
    message = resume(prompt, seen)
    ratings = json.dumps({one.criterion: one.rating for one in card.ratings})
    return {**message, "content": f"{message['content']}\nIt was rated: {ratings}"}


def visible(seen: str) -> str:
    """What `attacks.neutral` left of a document, as a model gets it: without runs of blanks.

    Blanks are what redaction leaves: their number would tell how long a name was.
    """
    text = EDGES.sub("", seen.replace("\u200b", ""))
    return EMPTY_LINES.sub("\n\n", BLANKS.sub(_blank, text)).strip()


def _blank(run: re.Match[str]) -> str:
    return "\t" if "\t" in run[0] else " "


def scorecard_schema(rubric: Rubric) -> Schema:
    rating = _object(
        {
            "quotes": {"type": "array", "items": {"type": "string"}},
            "reason": {"type": "string"},
            "rating": {"type": "integer", "enum": list(range(HIGHEST + 1))},
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
def _told_schema(schema: str, mode: Mode) -> str:
    how = (
        "Answer with one JSON object"
        if mode == "json_object"
        else "Answer with one JSON object in a block that begins with ```json and ends with ```,"
        " and with nothing else"
    )
    return f"{how}, by this JSON schema:\n{schema}"


def _with_schema(prompt: Prompt, mode: Mode) -> str:
    return f"{prompt.shared}\n{_told_schema(json.dumps(prompt.schema), mode)}"


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
        "criteria": [_told(criterion) for criterion in rubric.criteria],
        "the résumé's block": _block(rubric),
    }
    told = json.dumps(role, ensure_ascii=False, indent=1)
    return told.encode("utf-8", "replace").decode()


def _told(criterion: RubricCriterion) -> dict[str, Any]:
    """All but the weight: weights are for the arithmetic, which no model does."""
    told = {"key": criterion.key, "name": criterion.name, "good looks like": criterion.looks_for}
    return {key: value for key, value in told.items() if value} | (
        {"must-have": True} if criterion.must_have else {}
    )
