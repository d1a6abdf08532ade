"""An evaluation's ratings beside their criteria, and what was noticed about its candidate."""

from dataclasses import dataclass, replace
from typing import Any

from candidates import blind
from candidates.models import Candidate, Draft, Evaluation
from candidates.pages.flags import FlagNote, reading_notes, scoring_notes
from candidates.pages.must_haves import must_have_words
from candidates.scoring import rank
from candidates.scoring.rubric import Rubric, RubricCriterion
from candidates.scoring.scorecard import STRONGEST, Rating


@dataclass(frozen=True, slots=True)
class Shown:
    """A rating beside the criterion it is for."""

    criterion: RubricCriterion
    rating: Rating
    quotes: tuple[tuple[str, str], ...]  # id of the mark, text

    @property
    def width(self) -> int:
        """Of its bar, in hundredths."""
        return round(100 * self.rating.rating / STRONGEST)

    @property
    def standing(self) -> tuple[str, str]:
        """CSS class and words, of a must-have."""
        return must_have_words(rank.met(self.rating))


def rated(rubric: Rubric, evaluation: Evaluation) -> list[Shown]:
    """The ratings in the rubric's order; none without a score."""
    ratings = [Rating.from_json(rating) for rating in evaluation.ratings]
    by_key = {rating.criterion: rating for rating in ratings}
    return [
        Shown(
            criterion,
            rating,
            tuple(
                (f"{criterion.key}-{number}", quote.text)
                for number, quote in enumerate(rating.quotes, start=1)
            ),
        )
        for criterion in rubric.criteria
        if (rating := by_key.get(criterion.key)) is not None
    ]


def without_names(ratings: list[Shown], evaluation: Evaluation) -> list[Shown]:
    """These ratings as they may be shown: a reason or quote may hold what tells who it is."""
    candidate, draft = evaluation.candidate, evaluation.analysis.draft
    if not blind.is_hidden(candidate, draft):
        return ratings
    spans = blind.spans_of(candidate)
    return [
        replace(
            one,
            rating=replace(one.rating, reason=blind.hide(one.rating.reason, candidate)),
            quotes=tuple(
                (id, blind.masked(text, spans, quote.start))
                for (id, text), quote in zip(one.quotes, one.rating.quotes, strict=True)
            ),
        )
        for one in ratings
    ]


def insights(evaluation: Evaluation) -> dict[str, Any]:
    """What is told of a candidate in words, as it may be shown. The places of quotes aside."""
    say = blind.voice(evaluation.candidate, evaluation.analysis.draft)
    told = evaluation.insights or {}
    return {
        "strengths": [say(one["text"]) for one in told.get("strengths", [])],
        "gaps": [
            {"text": say(one["text"]), "quote": say(one.get("quote", ""))}
            for one in told.get("gaps", [])
        ],
        "questions": [say(one) for one in told.get("questions", [])],
    }


def flag_notes(evaluation: Evaluation, draft: Draft) -> list[FlagNote]:
    """What reading and scoring noticed, as it may be shown."""
    notes = reading_notes(evaluation.candidate) + scoring_notes(evaluation)
    return without_traces(notes, evaluation.candidate, draft)


def without_traces(notes: list[FlagNote], candidate: Candidate, draft: Draft) -> list[FlagNote]:
    """The notes as they may be shown: a detail may tell who the candidate is."""
    say = blind.voice(candidate, draft)
    return [replace(note, sentence=say(note.sentence), detail=say(note.detail)) for note in notes]
