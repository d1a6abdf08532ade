"""What is evaluated: drafts and their candidates, analyses and their evaluations."""

from .analysis import Analysis, Evaluation, EvaluationQuerySet
from .archive import Archive
from .candidate import Candidate, CandidateQuerySet, Piece
from .draft import Criterion, Draft, DraftQuerySet
from .event import Event
from .likeness import Likeness

__all__ = [
    "Analysis",
    "Archive",
    "Candidate",
    "CandidateQuerySet",
    "Criterion",
    "Draft",
    "DraftQuerySet",
    "Evaluation",
    "EvaluationQuerySet",
    "Event",
    "Likeness",
    "Piece",
]
