"""An evaluation's ratings beside their criteria, and what was noticed about its candidate."""

from dataclasses import dataclass, replace

from candidates import blind
from candidates.models import Candidate, Draft, Evaluation
from candidates.scoring import rank
from candidates.scoring.rubric import Criterion, Rubric
from candidates.scoring.scorecard import STRONGEST, Rating

from .words import Note, reading_flags, scoring_flags, standing


@dataclass(frozen=True, slots=True)
class Shown:
    """A rating beside the criterion it is for."""

    criterion: Criterion
    rating: Rating
    quotes: tuple[tuple[str, str], ...]  # id of the mark, text

    @property
    def width(self) -> int:
        """Of its bar, in hundredths."""
        return round(100 * self.rating.rating / STRONGEST)

    @property
    def standing(self) -> tuple[str, str]:
        """CSS class and words, of a must-have."""
        return standing(rank.met(self.rating))


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


def noticed(evaluation: Evaluation, draft: Draft) -> list[Note]:
    candidate = evaluation.candidate
    notes = reading_flags(candidate.flags, candidate.hidden) + scoring_flags(evaluation.flags)
    return without_traces(notes, candidate, draft)


def without_traces(notes: list[Note], candidate: Candidate, draft: Draft) -> list[Note]:
    """The notes as they may be shown: what was found may tell who it is."""
    say = blind.voice(candidate, draft)
    return [replace(note, what=say(note.what), found=say(note.found)) for note in notes]
