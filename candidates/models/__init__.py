"""What is evaluated: drafts and their candidates, analyses and their evaluations."""

from .analysis import Analysis, Evaluation, EvaluationQuerySet
from .archive import Archive
from .candidate import Candidate, CandidateQuerySet, Piece
from .draft import Criterion, Draft, DraftQuerySet
from .event import Event
from .followup import FollowUp
from .ledger import Call
from .likeness import Likeness
from .suggestion import Suggestion

__all__ = [
    "Analysis",
    "Archive",
    "Call",
    "Candidate",
    "CandidateQuerySet",
    "Criterion",
    "Draft",
    "DraftQuerySet",
    "Evaluation",
    "EvaluationQuerySet",
    "Event",
    "FollowUp",
    "Likeness",
    "Piece",
    "Suggestion",
]
