"""What is evaluated: drafts and their candidates, analyses and their evaluations."""

from .analysis import Analysis, Evaluation, EvaluationQuerySet
from .archive import Archive
from .call import Call
from .candidate import Candidate, CandidateQuerySet, Piece
from .counts import CandidateCount, EvaluationCount, FollowUpCount, TokenCount
from .decision import Decision
from .description import DescriptionFile
from .draft import Criterion, Draft, DraftQuerySet, Membership
from .duplicate import PossibleDuplicate
from .event import Event, EventVerb
from .followup import FollowUp
from .note import Note
from .preference import Preference
from .ranking_visit import RankingVisit
from .receipt import Receipt
from .saved_filter import SavedFilter
from .suggestion import Suggestion

__all__ = [
    "Analysis",
    "Archive",
    "Call",
    "Candidate",
    "CandidateCount",
    "CandidateQuerySet",
    "Criterion",
    "Decision",
    "DescriptionFile",
    "Draft",
    "DraftQuerySet",
    "Evaluation",
    "EvaluationCount",
    "EvaluationQuerySet",
    "Event",
    "EventVerb",
    "FollowUp",
    "FollowUpCount",
    "Membership",
    "Note",
    "Piece",
    "PossibleDuplicate",
    "Preference",
    "RankingVisit",
    "Receipt",
    "SavedFilter",
    "Suggestion",
    "TokenCount",
]
