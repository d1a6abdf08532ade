"""What came back from a model, checked before anybody believes it.

A server's answer is anything: a page of HTML, an error with status 200, a message without content,
JSON with two ratings for one criterion. Nothing here repeats what an answer says in an error.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from candidates.facts.reason import FailureCode, Param, Reason, ReasonedError
from candidates.scoring import catalogue, evidence
from candidates.scoring.rubric import HEAVIEST, Rubric, RubricCriterion
from candidates.scoring.scorecard import Insight, Point, Rating, Usage

from .errors import QUOTA_CODES, ServerError
from .prompt import HIGHEST

MOST = 4  # strengths, and gaps
MOST_CRITERIA = 8
FEWEST_CRITERIA = 3
LONGEST_TEXT = 600  # characters of a reason or a point
LONGEST_NAME = 120
MOST_TOKENS = 20_000_000  # of one call; whoever claims more is not believed
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
    """What the call cost, by the server's word; estimated where that is missing or cannot be."""
    spent = data.get("usage")
    spent = spent if isinstance(spent, dict) else {}
    details = spent.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens") if isinstance(details, dict) else 0) or 0
    asked, said = _count(spent.get("prompt_tokens")), _count(spent.get("completion_tokens"))
    estimated = asked is None or said is None
    if asked is None:
        asked = sum(catalogue.tokens(one["content"]) for one in body["messages"])
    if said is None:
        said = catalogue.tokens(content(data)[0])
    return Usage(1, asked, said, min(cached, asked), estimated)


def model(data: dict[str, Any]) -> str:
    """Which model says that it answered."""
    name = data.get("model")
    return clean(name)[:100] if isinstance(name, str) else ""


def scorecard(
    text: str, rubric: Rubric, document: str, seen: str, *, with_insights: bool
) -> tuple[tuple[Rating, ...], Insight | None]:
    """Ratings whose quotes stand in `seen`, which is `document` with blanks in it.

    Raises UnusableAnswer.
    """
    found = parsed(text)
    ratings = []
    for criterion in rubric.criteria:
        one = found.get(criterion.key)
        if not isinstance(one, dict):
            raise UnusableAnswer(FailureCode.RATING_MISSING, criterion=criterion.key)
        reason, quotes = one.get("reason"), one.get("quotes")
        rating = _whole(one.get("rating"))
        if rating is None or not 0 <= rating <= HIGHEST:
            raise UnusableAnswer(
                FailureCode.RATING_INVALID, criterion=criterion.key, highest=HIGHEST
            )
        if not isinstance(reason, str) or not isinstance(quotes, list):
            raise UnusableAnswer(FailureCode.RATING_INCOMPLETE, criterion=criterion.key)
        texts = [clean(quote) for quote in quotes if isinstance(quote, str) and quote.strip()]
        ratings.append(
            evidence.ground(criterion.key, float(rating), _line(reason), texts, seen, document)
        )
    told = insight(found.get("insight"), document, seen) if with_insights else None
    return tuple(ratings), told


def insight(found: object, document: str, seen: str) -> Insight:
    """Strengths whose quotes stand in the résumé; the others are dropped. Raises UnusableAnswer."""
    if not isinstance(found, dict):
        raise UnusableAnswer(FailureCode.INSIGHT_MISSING)
    strengths, gaps = found.get("strengths"), found.get("gaps")
    if not isinstance(strengths, list) or not isinstance(gaps, list):
        raise UnusableAnswer(FailureCode.INSIGHT_INCOMPLETE)
    points = []
    for one in strengths:
        text, quote = _two(one, "text", "quote")
        place = evidence.find(quote, seen) if text else None
        if place is not None:
            points.append(Point(text, document[place.start : place.end]))
    lacks = [
        (text, question) for text, question in (_two(g, "text", "question") for g in gaps) if text
    ]
    return Insight(
        strengths=tuple(points[:MOST]),
        gaps=tuple(Point(text) for text, _question in lacks[:MOST]),
        questions=tuple(question for _, question in lacks[:MOST] if question),
    )


def criteria(text: str) -> tuple[RubricCriterion, ...]:
    """Suggested criteria. Raises UnusableAnswer."""
    listed = parsed(text).get("criteria")
    if not isinstance(listed, list):
        raise UnusableAnswer(FailureCode.CRITERIA_MISSING)
    found: dict[str, RubricCriterion] = {}
    for one in listed:
        name, looks_for = _two(one, "name", "looks_for")
        weight = _whole(one.get("weight")) if name else None
        if not name or weight is None or name.casefold() in found:
            continue
        found[name.casefold()] = RubricCriterion(
            key=f"c{len(found) + 1}",
            name=name[:LONGEST_NAME],
            looks_for=looks_for,
            weight=min(max(weight, 1), HEAVIEST),
            must_have=one.get("must_have") is True,
        )
    if len(found) < FEWEST_CRITERIA:
        raise UnusableAnswer(FailureCode.CRITERIA_TOO_FEW, fewest=FEWEST_CRITERIA)
    return tuple(found.values())[:MOST_CRITERIA]


def parsed(text: str) -> dict[str, Any]:
    """The one JSON object in `text`, alone, in a fence or with words around it.

    Raises UnusableAnswer, also where a name stands twice: nobody knows which one is meant.
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
    decoder = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)
    try:
        found, _end = decoder.raw_decode(inner, start)
    except UnusableAnswer:
        raise
    except (RecursionError, ValueError) as error:  # the second also for a number without an end
        raise UnusableAnswer(FailureCode.NO_JSON) from error
    return dict(found)


def clean(text: str) -> str:
    """`text` that a database and a request can hold: no NUL, no half of a character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnusableAnswer(FailureCode.NAME_REPEATED)
    return found


def _no_constant(name: str) -> float:
    raise UnusableAnswer(FailureCode.NUMBER_INVALID)


def _whole(value: object) -> int | None:
    """A whole number, also as text or with a point: "3" and 3.0, and not "85%" or true."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,4}", value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if type(value) is int else None


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= MOST_TOKENS else None


def _two(one: object, first: str, second: str) -> tuple[str, str]:
    if not isinstance(one, dict):
        return "", ""
    texts = (one.get(first), one.get(second))
    left, right = (_line(text) if isinstance(text, str) else "" for text in texts)
    return left, right


def _line(text: str) -> str:
    return " ".join(clean(text).split())[:LONGEST_TEXT]
