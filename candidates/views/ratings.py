"""An evaluation's ratings and insight as they may be shown, and its candidate's flags."""

from dataclasses import dataclass, replace

from candidates import blind
from candidates.models import Candidate, Draft, Evaluation
from candidates.pages.flags import FlagNote, reading_notes, scoring_notes
from candidates.pages.marks import MarkedQuote
from candidates.pages.must_haves import must_have_words
from candidates.reasons import statement
from candidates.scoring import rank
from candidates.scoring.rubric import Rubric, RubricCriterion
from candidates.scoring.scorecard import MAX_RATING, Insight, Point, Rating


@dataclass(frozen=True, slots=True)
class ShownRating:
    """A rating beside its criterion."""

    criterion: RubricCriterion
    rating: Rating
    statement: str
    quotes: tuple[MarkedQuote, ...]

    @property
    def width(self) -> int:
        """The width of its bar, in per cent."""
        return round(100 * self.rating.rating / MAX_RATING)

    @property
    def standing(self) -> tuple[str, str]:
        """CSS class and words for whether a must-have is met."""
        return must_have_words(rank.met(self.rating))


@dataclass(frozen=True, slots=True)
class ShownPoint:
    statement: str
    quote: MarkedQuote | None = None


@dataclass(frozen=True, slots=True)
class ShownInsight:
    strengths: tuple[ShownPoint, ...] = ()
    gaps: tuple[ShownPoint, ...] = ()
    questions: tuple[ShownPoint, ...] = ()


def shown_ratings(rubric: Rubric, evaluation: Evaluation) -> list[ShownRating]:
    """Return the ratings in the rubric's order, without what blind mode hides; [] without a score.

    The evaluation comes with its candidate.
    """
    voice = blind.identity_mask(evaluation.candidate, evaluation.analysis.draft)
    hidden = _hidden_spans(evaluation)
    ratings = [Rating.from_json(rating) for rating in evaluation.ratings]
    by_key = {rating.criterion: rating for rating in ratings}
    criteria = rubric.by_key()
    return [
        ShownRating(
            criterion,
            rating,
            voice(statement(rating, criteria)),
            tuple(
                MarkedQuote.of(quote, criterion.key, number, hidden)
                for number, quote in enumerate(rating.quotes, start=1)
            ),
        )
        for criterion in rubric.criteria
        if (rating := by_key.get(criterion.key)) is not None
    ]


def shown_insight(rubric: Rubric, evaluation: Evaluation) -> ShownInsight | None:
    """Return the insight without what blind mode hides; None where there is none."""
    if not evaluation.insights:
        return None
    voice = blind.identity_mask(evaluation.candidate, evaluation.analysis.draft)
    hidden = _hidden_spans(evaluation)
    criteria = rubric.by_key()

    def shown(points: tuple[Point, ...], owner: str) -> tuple[ShownPoint, ...]:
        return tuple(
            ShownPoint(
                voice(statement(point, criteria)),
                MarkedQuote.of(point.quote, owner, number, hidden) if point.quote else None,
            )
            for number, point in enumerate(points, start=1)
        )

    insight = Insight.from_json(evaluation.insights)
    return ShownInsight(
        shown(insight.strengths, "strength"),
        shown(insight.gaps, "gap"),
        shown(insight.questions, "question"),
    )


def _hidden_spans(evaluation: Evaluation) -> blind.Spans:
    candidate = evaluation.candidate
    is_hidden = blind.is_hidden(candidate, evaluation.analysis.draft)
    return blind.identity_spans(candidate) if is_hidden else ()


def flag_notes(evaluation: Evaluation, draft: Draft) -> list[FlagNote]:
    """Return what reading and scoring flagged, without what blind mode hides."""
    notes = reading_notes(evaluation.candidate) + scoring_notes(evaluation)
    return without_traces(notes, evaluation.candidate, draft)


def without_traces(notes: list[FlagNote], candidate: Candidate, draft: Draft) -> list[FlagNote]:
    """Return the notes without what blind mode hides: a detail may quote the person's name."""
    voice = blind.identity_mask(candidate, draft)
    return [
        replace(note, sentence=voice(note.sentence), detail=voice(note.detail)) for note in notes
    ]
