"""What is evaluated: drafts and their candidates, analyses and their evaluations."""

from .analysis import Analysis, Evaluation, EvaluationQuerySet
from .candidate import Candidate, CandidateQuerySet, Piece
from .draft import Criterion, Draft, DraftQuerySet
from .event import Event

__all__ = [
    "Analysis",
    "Candidate",
    "CandidateQuerySet",
    "Criterion",
    "Draft",
    "DraftQuerySet",
    "Evaluation",
    "EvaluationQuerySet",
    "Event",
    "Piece",
]
