"""A ranking as plain values, and as CSV, JSON and XLSX, for the command line and the pages.

Rows are exported one after the other, so that memory does not grow with their number.
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

from .blind import is_hidden, mask_identity, mask_spans, shown_filename, shown_name
from .facts.reason import Reason
from .models import Analysis, Candidate, Draft, Evaluation, EvaluationQuerySet, Note
from .models.candidate import Verdict
from .reading.problems import Problem
from .reasons import code_of, criterion_name, sentence, statement
from .scoring import prepare
from .scoring.rank import met
from .scoring.rubric import RubricCriterion
from .scoring.scorecard import Rating

# A spreadsheet reads a cell that begins so as a formula; the list is OWASP's (CSV injection).
FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
PLAIN_COLUMNS = ("rank", "band", "file", "name", "score", "status")
REVIEW_COLUMNS = ("decision", "decided_by", "decided_at", "notes")
# Only these columns are fetched: converting columns takes half of the time.
CANDIDATE_PREFIX = "candidate__"
EXPORTED_FIELDS = (
    *("candidate_id", "rank", "band", "score", "status", "ratings", "flags"),
    *("error_code", "error_params"),
    *("candidate__public_id", "candidate__filename", "candidate__name", "candidate__email"),
    *("candidate__phone", "candidate__flags", "candidate__hidden", "candidate__problem"),
    *("candidate__revealed_at", "candidate__verdict", "candidate__decided_at"),
    "candidate__decided_by__username",
)
ROWS_PER_FETCH = 1_000
CHUNK_CHARACTERS = 65_536  # sent in a piece
MAX_CELL_CHARACTERS = 32_767  # the limit of XLSX


@dataclass(frozen=True, slots=True)
class ReviewData:
    """Decisions and notes of people, where they are exported too; notes by candidate id."""

    draft: Draft
    notes: Mapping[int, list[Note]] = field(default_factory=dict)

    @classmethod
    def of(cls, draft: Draft) -> "ReviewData":
        """The review data of a draft. One query."""
        notes: dict[int, list[Note]] = {}
        for note in Note.objects.filter(candidate__draft=draft).select_related("author"):
            notes.setdefault(note.candidate_id, []).append(note)
        return cls(draft, notes)


def export_rows(
    analysis: Analysis,
    evaluations: EvaluationQuerySet,
    files: Mapping[int, str] | None = None,
    review: ReviewData | None = None,
) -> Iterator[dict[str, Any]]:
    """The evaluations as plain values, in their order.

    `files` has names of files by candidate id. With `review` the rows have decisions and notes, and
    lack what the draft's blind mode hides. Sentences are in the language that is active at the
    call, since a response is streamed later.
    """
    return _rows(analysis, evaluations, files or {}, review, translation.get_language())


def _rows(
    analysis: Analysis,
    evaluations: EvaluationQuerySet,
    files: Mapping[int, str],
    review: ReviewData | None,
    language: str,
) -> Iterator[dict[str, Any]]:
    criteria = analysis.rubric.by_key()
    blind = review is not None and review.draft.blind
    fields = [*EXPORTED_FIELDS, "candidate__prepared"] if blind else EXPORTED_FIELDS
    for values in evaluations.values_list(*fields).iterator(ROWS_PER_FETCH):
        evaluation, decided_by = _instances(fields, values)
        row = _evaluation_values(evaluation, criteria, files, language)
        if review is not None:
            row |= _review_values(evaluation.candidate, decided_by, review)
            if is_hidden(evaluation.candidate, review.draft):
                _mask_identity(row, evaluation, review.draft)
        yield row


def _instances(fields: Sequence[str], values: Sequence[Any]) -> tuple[Evaluation, str | None]:
    """An evaluation and its candidate with only the exported columns, and the name of the user who
    decided. Built here, since Django's own instances take half of an export's time."""
    evaluation, candidate = Evaluation.__new__(Evaluation), Candidate.__new__(Candidate)
    evaluation._state, candidate._state = ModelState(), ModelState()
    evaluation_values, candidate_values = vars(evaluation), vars(candidate)
    for name, value in zip(fields, values, strict=True):
        if name.startswith(CANDIDATE_PREFIX):
            candidate_values[name[len(CANDIDATE_PREFIX) :]] = value
        else:
            evaluation_values[name] = value
    candidate_values["id"] = evaluation_values["candidate_id"]
    evaluation._state.fields_cache = {"candidate": candidate}
    return evaluation, candidate_values.pop("decided_by__username")


def unscored_reason(evaluation: Evaluation) -> Reason | Problem | None:
    """Why the evaluation has no score; None when it has a score, or may still get one."""
    problem = evaluation.candidate.problem
    return evaluation.error or (Problem(problem) if problem else None)


def flag_kinds(evaluation: Evaluation) -> list[str]:
    """Kinds of the flags of reading and of scoring."""
    candidate = evaluation.candidate
    hidden = ["hidden-text"] if candidate.hidden else []
    return [
        *(flag["kind"] for flag in candidate.flags),
        *hidden,
        *(flag["kind"] for flag in evaluation.flags),
    ]


def _evaluation_values(
    evaluation: Evaluation,
    criteria: Mapping[str, RubricCriterion],
    files: Mapping[int, str],
    language: str,
) -> dict[str, Any]:
    reason = unscored_reason(evaluation)
    ratings = [Rating.from_json(rating) for rating in evaluation.ratings]
    with translation.override(language):
        error = sentence(reason, criteria)
        statements = [statement(rating, criteria) for rating in ratings]
        names = {key: criterion_name(criterion) for key, criterion in criteria.items()}
    return {
        "rank": evaluation.rank,
        "band": evaluation.band,
        "file": files.get(evaluation.candidate_id, evaluation.candidate.filename),
        "name": evaluation.candidate.name,
        "score": None if evaluation.score is None else float(evaluation.score),
        "status": evaluation.status,
        "flags": flag_kinds(evaluation),
        "error": error or None,
        "error_code": code_of(reason) or None,
        "ratings": [
            {
                "key": rating.criterion,
                "criterion": names[rating.criterion],
                "rating": rating.rating,
                "must_have": _must_have_state(criteria[rating.criterion], rating),
                "reason": text,
                "reason_code": code_of(rating.reason) or None,
                "supported": rating.supported,
                "quotes": [quote.text for quote in rating.quotes],
            }
            for rating, text in zip(ratings, statements, strict=True)
        ],
    }


def _review_values(
    candidate: Candidate, decided_by: str | None, review: ReviewData
) -> dict[str, Any]:
    return {
        "decision": None if candidate.verdict == Verdict.OPEN else candidate.verdict,
        "decided_by": decided_by,
        "decided_at": candidate.decided_at.isoformat() if candidate.decided_at else None,
        "notes": [
            {
                "text": note.text,
                "author": note.author.get_username() if note.author else None,
                "created_at": note.created_at.isoformat(),
            }
            for note in review.notes.get(candidate.pk, [])
        ],
    }


def _mask_identity(row: dict[str, Any], evaluation: Evaluation, draft: Draft) -> None:
    """Mask what reveals the candidate in the row. Quotes have positions, and the spans to mask were
    stored at reading, so that nothing is searched again and no text is fetched."""
    candidate = evaluation.candidate
    prepared = candidate.prepared
    spans = (
        prepared["traces"]
        if candidate.name and prepared.get("version") == prepare.VERSION
        else None
    )
    row["name"], row["file"] = shown_name(candidate, draft), shown_filename(candidate, draft)
    for shown, rating in zip(row["ratings"], evaluation.ratings, strict=True):
        shown["quotes"] = [
            mask_identity(quote["text"], candidate)
            if spans is None
            else mask_spans(quote["text"], spans, quote["start"])
            for quote in rating["quotes"]
        ]
        if candidate.name and any(part in shown["reason"] for part in candidate.name.split()):
            shown["reason"] = mask_identity(shown["reason"], candidate)
    for note in row["notes"]:
        note["text"] = mask_identity(note["text"], candidate)


def _must_have_state(criterion: RubricCriterion, rating: Rating) -> str | None:
    return str(met(rating)) if criterion.must_have else None


def column_titles(
    names: Mapping[str, str], must_have: Mapping[str, str], *, review: bool
) -> list[str]:
    """The titles of the columns of a table; names of criteria and of must-haves are by key."""
    more = REVIEW_COLUMNS if review else ()
    return [
        *PLAIN_COLUMNS,
        *more,
        "flags",
        "error",
        "error_code",
        *names.values(),
        *(f"{name}: must have" for name in must_have.values()),
    ]


def table_line(
    row: dict[str, Any], keys: Iterable[str], must_have_keys: Iterable[str], *, review: bool
) -> list[Any]:
    """A candidate as a line of a table, with the rating of each criterion."""
    rated = {rating["key"]: rating for rating in row["ratings"]}
    values = [row[key] for key in PLAIN_COLUMNS]
    if review:
        notes = "\n".join(f"{note['author'] or ''}: {note['text']}" for note in row["notes"])
        values += [row["decision"], row["decided_by"], row["decided_at"], notes]
    values += [" ".join(row["flags"]), row["error"], row["error_code"]]
    values += [rated[key]["rating"] if key in rated else None for key in keys]
    values += [rated[key]["must_have"] if key in rated else None for key in must_have_keys]
    return [safe_cell(value) for value in values]


def safe_cell(value: Any) -> Any:
    """The value, changed so that no spreadsheet reads it as a formula."""
    if isinstance(value, str) and value.startswith(FORMULA_PREFIXES):
        return f"'{value}"
    return value


def criterion_names(analysis: Analysis) -> tuple[dict[str, str], dict[str, str]]:
    """The names of the criteria by key, in the reader's language, and those of the must-haves."""
    criteria = analysis.rubric.criteria
    names = {criterion.key: criterion_name(criterion) for criterion in criteria}
    must_haves = {c.key: names[c.key] for c in criteria if c.must_have}
    return names, must_haves


def csv_lines(
    rows: Iterable[dict[str, Any]],
    names: Mapping[str, str],
    must_have: Mapping[str, str],
    *,
    review: bool = False,
) -> Iterator[str]:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(safe_cell, column_titles(names, must_have, review=review)))
    for row in rows:
        if out.tell() > CHUNK_CHARACTERS:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
        writer.writerow(table_line(row, names, must_have, review=review))
    yield out.getvalue()


def json_parts(about: Mapping[str, Any], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """`about` with the candidates appended, a line each."""
    parts = [json.dumps(about, ensure_ascii=False)[:-1] + ', "candidates": [']
    size, comma = 0, "\n"
    for row in rows:
        parts.append(comma + json.dumps(row, ensure_ascii=False))
        size += len(parts[-1])
        comma = ",\n"
        if size > CHUNK_CHARACTERS:
            yield "".join(parts)
            parts, size = [], 0
    yield "".join((*parts, "\n]}\n"))


def xlsx_file(
    rows: Iterable[dict[str, Any]], names: Mapping[str, str], must_have: Mapping[str, str]
) -> IO[bytes]:
    """A workbook as an open file, at its beginning."""
    out = TemporaryFile()  # noqa: SIM115
    book = xlsxwriter.Workbook(
        out, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    titles = column_titles(names, must_have, review=True)
    sheet.freeze_panes(1, 4)
    sheet.set_column(2, 3, 28)
    sheet.set_column(len(PLAIN_COLUMNS), len(PLAIN_COLUMNS) + len(REVIEW_COLUMNS), 18)
    for column, title in enumerate(titles):
        sheet.write_string(0, column, safe_cell(title), bold)
    number = 0
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(table_line(row, names, must_have, review=True)):
            if isinstance(value, str):
                if value:
                    sheet.write_string(number, column, value[:MAX_CELL_CHARACTERS])
            elif value is not None:
                sheet.write_number(number, column, value)
    sheet.autofilter(0, 0, number, len(titles) - 1)
    book.close()
    out.seek(0)
    return out
