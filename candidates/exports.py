"""A ranking as plain values, and those as CSV, JSON and XLSX, for command line and pages alike.

Everything comes row by row, so that ten thousand candidates need no more memory than one.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO, Any

import xlsxwriter
from django.db.models.base import ModelState
from django.utils import translation

from .blind import hide, is_hidden, masked, shown_file, shown_name
from .facts.reason import Reason
from .models import Analysis, Candidate, Draft, Evaluation, EvaluationQuerySet, Note
from .reading.problems import Problem
from .reasons import code_of, sentence, statement
from .scoring import prepare
from .scoring.rank import met
from .scoring.rubric import RubricCriterion
from .scoring.scorecard import Rating

# A cell that begins so is a formula to a spreadsheet; OWASP's list.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
PLAIN = ("rank", "band", "file", "name", "score", "status")
JUDGED = ("decision", "decided_by", "decided_at", "notes")
# What is read of the database: half the time goes into making values of columns.
OF_CANDIDATE = "candidate__"
NEEDED = (
    *("candidate_id", "rank", "band", "score", "status", "ratings", "flags"),
    *("error_code", "error_params"),
    *("candidate__public_id", "candidate__filename", "candidate__name", "candidate__email"),
    *("candidate__phone", "candidate__flags", "candidate__hidden", "candidate__problem"),
    *("candidate__revealed_at", "candidate__verdict", "candidate__decided_at"),
    "candidate__decided_by__username",
)
AT_ONCE = 1_000  # rows of one look at the database
CHUNK = 65_536  # characters that are sent at once
LONGEST_CELL = 32_767  # characters, of XLSX


@dataclass(frozen=True, slots=True)
class Judged:
    """What people made of the candidates, where that is exported too: notes by candidate."""

    draft: Draft
    notes: Mapping[int, list[Note]] = field(default_factory=dict)

    @classmethod
    def of(cls, draft: Draft) -> "Judged":
        """One query."""
        notes: dict[int, list[Note]] = {}
        for note in Note.objects.filter(candidate__draft=draft).select_related("author"):
            notes.setdefault(note.candidate_id, []).append(note)
        return cls(draft, notes)


def rows(
    analysis: Analysis,
    chosen: EvaluationQuerySet,
    files: Mapping[int, str] | None = None,
    judged: Judged | None = None,
) -> Iterator[dict[str, Any]]:
    """Each of the evaluations that are `chosen`, in their order, as plain values.

    `files` names candidates' files by their id. With `judged` they come with what people made of
    them, and without what the draft's blind mode hides. Sentences are in the language of the moment
    of the call: a response is streamed when that is over.
    """
    return _rows(analysis, chosen, files or {}, judged, translation.get_language())


def _rows(
    analysis: Analysis,
    chosen: EvaluationQuerySet,
    files: Mapping[int, str],
    judged: Judged | None,
    language: str,
) -> Iterator[dict[str, Any]]:
    criteria = analysis.rubric.by_key()
    blind = judged is not None and judged.draft.blind
    needed = [*NEEDED, "candidate__prepared"] if blind else NEEDED
    for values in chosen.values_list(*needed).iterator(AT_ONCE):
        evaluation, by = _bare(needed, values)
        row = _plain(evaluation, criteria, files, language)
        if judged is not None:
            row |= _judged(evaluation.candidate, by, judged)
            if is_hidden(evaluation.candidate, judged.draft):
                _hide(row, evaluation, judged.draft)
        yield row


def _bare(needed: Sequence[str], values: Sequence[Any]) -> tuple[Evaluation, str | None]:
    """An evaluation with its candidate that have the needed columns and no others, and the name of
    who decided. Made by hand, since Django's own making of rows takes half of an export's time."""
    evaluation, candidate = Evaluation.__new__(Evaluation), Candidate.__new__(Candidate)
    evaluation._state, candidate._state = ModelState(), ModelState()
    of_evaluation, of_candidate = vars(evaluation), vars(candidate)
    for name, value in zip(needed, values, strict=True):
        if name.startswith(OF_CANDIDATE):
            of_candidate[name[len(OF_CANDIDATE) :]] = value
        else:
            of_evaluation[name] = value
    of_candidate["id"] = of_evaluation["candidate_id"]
    evaluation._state.fields_cache = {"candidate": candidate}
    return evaluation, of_candidate.pop("decided_by__username")


def reason(evaluation: Evaluation) -> Reason | Problem | None:
    """Why the evaluation has no score; None when it has, or may yet get one."""
    problem = evaluation.candidate.problem
    return evaluation.error or (Problem(problem) if problem else None)


def flag_kinds(evaluation: Evaluation) -> list[str]:
    """What the reviewer should know: found at reading, and found at scoring."""
    candidate = evaluation.candidate
    hidden = ["hidden-text"] if candidate.hidden else []
    return [
        *(flag["kind"] for flag in candidate.flags),
        *hidden,
        *(flag["kind"] for flag in evaluation.flags),
    ]


def _plain(
    evaluation: Evaluation,
    criteria: Mapping[str, RubricCriterion],
    files: Mapping[int, str],
    language: str,
) -> dict[str, Any]:
    why = reason(evaluation)
    ratings = [Rating.from_json(rating) for rating in evaluation.ratings]
    with translation.override(language):
        error = sentence(why)
        statements = [statement(rating, criteria) for rating in ratings]
    return {
        "rank": evaluation.rank,
        "band": evaluation.band,
        "file": files.get(evaluation.candidate_id, evaluation.candidate.filename),
        "name": evaluation.candidate.name,
        "score": None if evaluation.score is None else float(evaluation.score),
        "status": evaluation.status,
        "flags": flag_kinds(evaluation),
        "error": error or None,
        "error_code": code_of(why) or None,
        "ratings": [
            {
                "criterion": criteria[rating.criterion].name,
                "rating": rating.rating,
                "must_have": _standing(criteria[rating.criterion], rating),
                "reason": text,
                "reason_code": code_of(rating.reason) or None,
                "supported": rating.supported,
                "quotes": [quote.text for quote in rating.quotes],
            }
            for rating, text in zip(ratings, statements, strict=True)
        ],
    }


def _judged(candidate: Candidate, by: str | None, judged: Judged) -> dict[str, Any]:
    at = candidate.decided_at
    return {
        "decision": candidate.verdict or None,
        "decided_by": by,
        "decided_at": at.isoformat() if at else None,
        "notes": [
            {
                "text": note.text,
                "author": note.author.get_username() if note.author else None,
                "created_at": note.created_at.isoformat(),
            }
            for note in judged.notes.get(candidate.pk, [])
        ],
    }


def _hide(row: dict[str, Any], evaluation: Evaluation, draft: Draft) -> None:
    """Take out of the row what tells who it is. A quote knows its place, and what is hidden of the
    text was kept when it was read; so nothing is looked for again, and no text is fetched."""
    candidate = evaluation.candidate
    kept = candidate.prepared
    spans = kept["traces"] if candidate.name and kept.get("version") == prepare.VERSION else None
    row["name"], row["file"] = shown_name(candidate, draft), shown_file(candidate, draft)
    for told, rating in zip(row["ratings"], evaluation.ratings, strict=True):
        told["quotes"] = [
            hide(quote["text"], candidate)
            if spans is None
            else masked(quote["text"], spans, quote["start"])
            for quote in rating["quotes"]
        ]
        if candidate.name and any(part in told["reason"] for part in candidate.name.split()):
            told["reason"] = hide(told["reason"], candidate)
    for note in row["notes"]:
        note["text"] = hide(note["text"], candidate)


def _standing(criterion: RubricCriterion, rating: Rating) -> str | None:
    return str(met(rating)) if criterion.must_have else None


def head(names: Sequence[str], must_have: Sequence[str], *, judged: bool) -> list[str]:
    """What the columns of a table are called."""
    more = JUDGED if judged else ()
    return [
        *PLAIN,
        *more,
        "flags",
        "error",
        "error_code",
        *names,
        *(f"{name}: must have" for name in must_have),
    ]


def line(
    row: dict[str, Any], names: Sequence[str], must_have: Sequence[str], *, judged: bool
) -> list[Any]:
    """One candidate as a line of a table; a rating for each criterion."""
    rated = {rating["criterion"]: rating for rating in row["ratings"]}
    values = [row[key] for key in PLAIN]
    if judged:
        told = "\n".join(f"{note['author'] or ''}: {note['text']}" for note in row["notes"])
        values += [row["decision"], row["decided_by"], row["decided_at"], told]
    values += [" ".join(row["flags"]), row["error"], row["error_code"]]
    values += [rated[name]["rating"] if name in rated else None for name in names]
    values += [rated[name]["must_have"] if name in rated else None for name in must_have]
    return [cell(value) for value in values]


def cell(value: Any) -> Any:
    """The value, so that no spreadsheet takes it for a formula."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def columns(analysis: Analysis) -> tuple[list[str], list[str]]:
    """The names of the criteria, and those of the must-haves."""
    criteria = analysis.rubric.criteria
    return [one.name for one in criteria], [one.name for one in criteria if one.must_have]


def csv_lines(
    told: Iterable[dict[str, Any]],
    names: Sequence[str],
    must_have: Sequence[str],
    *,
    judged: bool = False,
) -> Iterator[str]:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(cell, head(names, must_have, judged=judged)))
    for row in told:
        if out.tell() > CHUNK:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
        writer.writerow(line(row, names, must_have, judged=judged))
    yield out.getvalue()


def json_parts(about: Mapping[str, Any], told: Iterable[dict[str, Any]]) -> Iterator[str]:
    """`about`, and all candidates behind it, a line each."""
    parts = [json.dumps(about, ensure_ascii=False)[:-1] + ', "candidates": [']
    size, comma = 0, "\n"
    for row in told:
        parts.append(comma + json.dumps(row, ensure_ascii=False))
        size += len(parts[-1])
        comma = ",\n"
        if size > CHUNK:
            yield "".join(parts)
            parts, size = [], 0
    yield "".join((*parts, "\n]}\n"))


def xlsx(
    told: Iterable[dict[str, Any]], names: Sequence[str], must_have: Sequence[str]
) -> IO[bytes]:
    """A workbook as an open file, at its beginning."""
    out = TemporaryFile()  # noqa: SIM115
    book = xlsxwriter.Workbook(
        out, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    titles = head(names, must_have, judged=True)
    sheet.freeze_panes(1, 4)
    sheet.set_column(2, 3, 28)
    sheet.set_column(len(PLAIN), len(PLAIN) + len(JUDGED), 18)
    for column, title in enumerate(titles):
        sheet.write_string(0, column, cell(title), bold)
    number = 0
    for number, row in enumerate(told, start=1):
        for column, value in enumerate(line(row, names, must_have, judged=True)):
            if isinstance(value, str):
                if value:
                    sheet.write_string(number, column, value[:LONGEST_CELL])
            elif value is not None:
                sheet.write_number(number, column, value)
    sheet.autofilter(0, 0, number, len(titles) - 1)
    book.close()
    out.seek(0)
    return out
