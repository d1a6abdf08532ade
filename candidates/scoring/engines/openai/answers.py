"""Parse and check what a model server answers.

An answer may be anything: a page of HTML, an error with status 200, a message without content, JSON
with two ratings for one criterion. No error repeats text of an answer.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from candidates.facts.reason import FailureCode, Param, Reason, ReasonedError
from candidates.scoring import catalogue, evidence
from candidates.scoring.rubric import (
    MAX_WEIGHT,
    Rubric,
    RubricCriterion,
    criterion_identity,
)
from candidates.scoring.scorecard import Insight, Point, Rating, Usage

from .errors import QUOTA_CODES, ServerError
from .prompt import HIGHEST_RATING

MAX_POINTS = 4  # of strengths, and of gaps
MAX_CRITERIA_SUGGESTED = 8
MIN_CRITERIA_SUGGESTED = 3
MAX_TEXT_CHARACTERS = 600  # of an explanation
MAX_NAME_CHARACTERS = 120
MAX_TOKENS_BELIEVED = 20_000_000  # of one call; a higher number is an error of the server
_ = str  # marks what is translated where it is shown: this package knows no Django
# Why an answer cannot be used: for the model, which is asked once more, and translated for people.
UNUSABLE = {
    FailureCode.NO_CHOICES: _("it holds no choices"),
    FailureCode.MODEL_REFUSED: _("the model refused"),
    FailureCode.CUT_OFF: _("it was cut off at the model's limit"),
    FailureCode.CONTENT_FILTERED: _("the server's content filter held it back"),
    FailureCode.ANSWER_EMPTY: _("it is empty"),
    FailureCode.NO_JSON: _("it is not JSON"),
    FailureCode.NO_JSON_OBJECT: _("it is not a JSON object"),
    FailureCode.NAME_REPEATED: _("it says one thing twice"),
    FailureCode.NUMBER_INVALID: _("it holds a number that is none"),
    FailureCode.RATING_MISSING: _("it has no rating for '%(criterion)s'"),
    FailureCode.RATING_INVALID: _(
        "the rating for '%(criterion)s' is no whole number from 0 to %(highest)s"
    ),
    FailureCode.RATING_INCOMPLETE: _("reason or quotes for '%(criterion)s' are missing"),
    FailureCode.INSIGHT_MISSING: _("it has no insight"),
    FailureCode.INSIGHT_INCOMPLETE: _("strengths or gaps are missing"),
    FailureCode.CRITERIA_MISSING: _("it has no criteria"),
    FailureCode.CRITERIA_TOO_FEW: _("it has fewer than %(fewest)s criteria"),
}
FENCE = re.compile(r"```[ \t]*(?:json)?[ \t]*\n?(.*?)```", re.IGNORECASE | re.DOTALL)


class UnusableAnswer(ReasonedError, ValueError):
    """The text of an answer is not what was asked for; the reason repeats nothing of it."""

    def __init__(self, code: FailureCode, **params: Param) -> None:
        super().__init__(Reason(code, params))


def in_words(trouble: Reason) -> str:
    """Why an answer cannot be used, in English, for the model."""
    return UNUSABLE[FailureCode(trouble.code)] % trouble.params


def loaded(body: bytes) -> dict[str, Any]:
    """The answer as JSON. Raises ValueError when it is not a JSON object."""
    try:
        data = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(data, dict):
        raise ValueError("not an object")
    return data


def is_error(data: dict[str, Any]) -> bool:
    return bool(data.get("error")) and not data.get("choices")


def server_error(status: int, body: object, headers: Mapping[str, str]) -> ServerError:
    """An error, from its body where that says more than the status."""
    error: Any = body
    if isinstance(body, dict) and "error" in body:
        error = body["error"]
    if not isinstance(error, dict):
        error = {"message": error if isinstance(error, str) else ""}
    code = error.get("code") or ""
    if status == 200:
        status = code if isinstance(code, int) and 300 <= code < 600 else 502
    elif not code and error.get("type") in QUOTA_CODES:
        code = error["type"]
    return ServerError(status, str(code), str(error.get("message") or ""), headers)


def content(data: dict[str, Any]) -> tuple[str, Reason | None]:
    """The text of the answer, and why it cannot be used; None where it can be looked at."""
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        return "", Reason(FailureCode.NO_CHOICES)
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    text = message.get("content")
    text = clean(text) if isinstance(text, str) else ""
    finish = choice.get("finish_reason")
    if message.get("refusal"):
        return text, Reason(FailureCode.MODEL_REFUSED)
    if finish == "length":
        return text, Reason(FailureCode.CUT_OFF)
    if finish == "content_filter":
        return text, Reason(FailureCode.CONTENT_FILTERED)
    return text, None if text.strip() else Reason(FailureCode.ANSWER_EMPTY)


def usage(data: dict[str, Any], body: dict[str, Any]) -> Usage:
    """Return the tokens that the server reports; estimated where they are missing or impossible."""
    reported = data.get("usage")
    reported = reported if isinstance(reported, dict) else {}
    details = reported.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens") if isinstance(details, dict) else 0) or 0
    sent = _count(reported.get("prompt_tokens"))
    received = _count(reported.get("completion_tokens"))
    estimated = sent is None or received is None
    if sent is None:
        sent = sum(catalogue.tokens(message["content"]) for message in body["messages"])
    if received is None:
        received = catalogue.tokens(content(data)[0])
    return Usage(1, sent, received, min(cached, sent), estimated)


def model(data: dict[str, Any]) -> str:
    """Return the name of the model that answered, as the server reports it."""
    name = data.get("model")
    return clean(name)[:100] if isinstance(name, str) else ""


def scorecard(
    text: str, rubric: Rubric, document: str, visible: str, *, with_insights: bool
) -> tuple[tuple[Rating, ...], Insight | None]:
    """Return the ratings with those of their quotes that stand in the document.

    The model saw `visible`, which is `document` with blanks in it. Raises UnusableAnswer.
    """
    data = parsed(text)
    ratings = []
    for criterion in rubric.criteria:
        item = data.get(criterion.key)
        if not isinstance(item, dict):
            raise UnusableAnswer(FailureCode.RATING_MISSING, criterion=criterion.key)
        reason, quotes = item.get("reason"), item.get("quotes")
        rating = _whole(item.get("rating"))
        if rating is None or not 0 <= rating <= HIGHEST_RATING:
            raise UnusableAnswer(
                FailureCode.RATING_INVALID, criterion=criterion.key, highest=HIGHEST_RATING
            )
        if not isinstance(reason, str) or not isinstance(quotes, list):
            raise UnusableAnswer(FailureCode.RATING_INCOMPLETE, criterion=criterion.key)
        texts = [clean(quote) for quote in quotes if isinstance(quote, str) and quote.strip()]
        ratings.append(
            evidence.ground(criterion.key, float(rating), _line(reason), texts, visible, document)
        )
    if not with_insights:
        return tuple(ratings), None
    return tuple(ratings), insight(data.get("insight"), document, visible)


def insight(data: object, document: str, visible: str) -> Insight:
    """Return the insight; strengths without a quote in the document are dropped.

    Raises UnusableAnswer.
    """
    if not isinstance(data, dict):
        raise UnusableAnswer(FailureCode.INSIGHT_MISSING)
    strengths, gaps = data.get("strengths"), data.get("gaps")
    if not isinstance(strengths, list) or not isinstance(gaps, list):
        raise UnusableAnswer(FailureCode.INSIGHT_INCOMPLETE)
    points = []
    for item in strengths:
        text, quote = _texts(item, "text", "quote")
        place = evidence.find(quote, visible) if text else None
        if place is not None:
            points.append(Point(text, place.verbatim(document)))
    pairs = [pair for pair in (_texts(item, "text", "question") for item in gaps) if pair[0]]
    return Insight(
        strengths=tuple(points[:MAX_POINTS]),
        gaps=tuple(Point(text) for text, _question in pairs[:MAX_POINTS]),
        questions=tuple(Point(question) for _text, question in pairs[:MAX_POINTS] if question),
    )


def criteria(text: str) -> tuple[RubricCriterion, ...]:
    """Return the suggested criteria, without those that are incomplete. Raises UnusableAnswer."""
    items = parsed(text).get("criteria")
    if not isinstance(items, list):
        raise UnusableAnswer(FailureCode.CRITERIA_MISSING)
    suggested: dict[str, RubricCriterion] = {}
    for item in items:
        name, looks_for = _texts(item, "name", "looks_for")
        weight = _whole(item.get("weight")) if name else None
        identity = criterion_identity(name)
        if not name or weight is None or identity in suggested:
            continue
        suggested[identity] = RubricCriterion(
            key=f"c{len(suggested) + 1}",
            name=name[:MAX_NAME_CHARACTERS],
            looks_for=looks_for,
            weight=min(max(weight, 1), MAX_WEIGHT),
            must_have=item.get("must_have") is True,
        )
    if len(suggested) < MIN_CRITERIA_SUGGESTED:
        raise UnusableAnswer(FailureCode.CRITERIA_TOO_FEW, fewest=MIN_CRITERIA_SUGGESTED)
    return tuple(suggested.values())[:MAX_CRITERIA_SUGGESTED]


def parsed(text: str) -> dict[str, Any]:
    """Return the JSON object in `text`, alone, in a fence or with words around it.

    Raises UnusableAnswer, also where a name is repeated: the answer is ambiguous.
    """
    inner = text.strip()
    fenced = FENCE.search(inner)
    if fenced and not inner.startswith("{"):
        inner = fenced[1].strip()
    start = inner.find("{")
    if start < 0:
        raise UnusableAnswer(
            FailureCode.NO_JSON_OBJECT if inner[:1] == "[" else FailureCode.NO_JSON
        )
    if inner[:1] == "[":
        raise UnusableAnswer(FailureCode.NO_JSON_OBJECT)
    decoder = json.JSONDecoder(object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    try:
        data, _end = decoder.raw_decode(inner, start)
    except UnusableAnswer:
        raise
    except (RecursionError, ValueError) as error:  # the second also for a number without an end
        raise UnusableAnswer(FailureCode.NO_JSON) from error
    return dict(data)


def clean(text: str) -> str:
    """Return `text` without NUL and surrogates, as a database and a request can hold it."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        raise UnusableAnswer(FailureCode.NAME_REPEATED)
    return data


def _no_constant(name: str) -> float:
    raise UnusableAnswer(FailureCode.NUMBER_INVALID)


def _whole(value: object) -> int | None:
    """Return a whole number, also from "3" and 3.0; None for anything else, such as true."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,4}", value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if type(value) is int else None


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= MAX_TOKENS_BELIEVED else None


def _texts(item: object, first: str, second: str) -> tuple[str, str]:
    """Return two values of a JSON object as lines of text; "" for anything else."""
    if not isinstance(item, dict):
        return "", ""
    values = (item.get(first), item.get(second))
    left, right = (_line(value) if isinstance(value, str) else "" for value in values)
    return left, right


def _line(text: str) -> str:
    return " ".join(clean(text).split())[:MAX_TEXT_CHARACTERS]
