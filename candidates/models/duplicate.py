"""Pairs of files in one draft that may be of the same person, and what was decided about them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from candidates.facts import similarity

from .candidate import Candidate, CandidateStatus
from .constraints import listed_constraint
from .draft import Draft
from .event import Event, EventVerb

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MIN_SIMILAR_SHARE = 0.5  # of the text, from which two files are taken for copies of each other
IDENTITY_FIELDS = ("text_key", "email", "phone_key")
MAX_UNSURE_CONFIDENCE = 0.5  # up to which an address or a number is not trusted
MAX_PAIRS_PER_FILE = 5  # an agency's address is on everybody's


class DuplicateEvidence(models.TextChoices):
    """What two files have in common, the strongest first."""

    SAME_TEXT = "same-text", _("the same text")
    SAME_EMAIL = "same-email", _("the same e-mail address")
    SAME_PHONE = "same-phone", _("the same telephone number")
    SIMILAR_TEXT = "similar-text", _("much of the same text")


class DuplicateDecision(models.TextChoices):
    OPEN = "", _("not decided")
    MERGED = "merged", _("one person")
    APART = "apart", _("different people")


EVENT_VERBS = {
    DuplicateDecision.MERGED: EventVerb.FILES_MERGED,
    DuplicateDecision.APART: EventVerb.FILES_KEPT_APART,
}


class PossibleDuplicateQuerySet(models.QuerySet["PossibleDuplicate"]):
    def undecided(self) -> Self:
        """Pairs without a decision, of files that have not been merged into others."""
        return self.filter(
            decision=DuplicateDecision.OPEN, first__same_as=None, second__same_as=None
        )

    def find(self, candidate_ids: Iterable[int]) -> int:
        """Store the pairs that these files of one draft make; returns how many.

        Three queries, by index: their time does not grow with the draft.
        """
        fields = ("pk", "draft", "signature", "bands", "confidence", *IDENTITY_FIELDS)
        readable = Candidate.objects.filter(status=CandidateStatus.READABLE).order_by(
            "-created_at", "-pk"
        )
        new_files = list(map(_trusted, readable.filter(pk__in=list(candidate_ids)).values(*fields)))
        if not new_files:
            return 0
        keys = {
            field: {row[field].lower() for row in new_files} - {""} for field in IDENTITY_FIELDS
        }
        may_match = (
            Q(text_key__in=keys["text_key"])
            | Q(lower_email__in=keys["email"])
            | Q(phone_key__in=keys["phone_key"])
            | Q(bands__overlap=sorted({band for row in new_files for band in row["bands"]}))
        )
        in_draft = readable.filter(draft=new_files[0]["draft"]).alias(lower_email=Lower("email"))
        others = list(map(_trusted, in_draft.filter(may_match).values(*fields)))
        pairs: dict[tuple[int, int], PossibleDuplicate] = {}
        strength = list(DuplicateEvidence)
        for file in new_files:
            matches = [
                pair
                for other in others
                if other["pk"] != file["pk"] and (pair := _pair(file, other)) is not None
            ]
            # A stable sort: among equals the newest is first.
            matches.sort(key=lambda pair: strength.index(DuplicateEvidence(pair.evidence)))
            for pair in matches[:MAX_PAIRS_PER_FILE]:
                pairs.setdefault((pair.first_id, pair.second_id), pair)
        self.bulk_create(pairs.values(), ignore_conflicts=True)
        return len(pairs)

    def groups(self) -> list[list["PossibleDuplicate"]]:
        """The pairs in groups: two pairs that share a file are in the same group."""
        parent: dict[int, int] = {}

        def root(pk: int) -> int:
            while (above := parent.setdefault(pk, pk)) != pk:
                pk = above
            return pk

        pairs = list(self)
        for pair in pairs:
            parent[root(pair.second_id)] = root(pair.first_id)
        groups: dict[int, list[PossibleDuplicate]] = {}
        for pair in pairs:
            groups.setdefault(root(pair.first_id), []).append(pair)
        return list(groups.values())

    def decide(
        self, draft: Draft, candidates: list[Candidate], decision: DuplicateDecision, user: "User"
    ) -> int:
        """Merge the files into the newest of them, or keep them apart; returns how many pairs that
        decides."""
        with transaction.atomic():
            Draft.objects.select_for_update().get(pk=draft.pk)
            ids = [candidate.pk for candidate in candidates]
            pairs = self.filter(
                draft=draft, first__in=ids, second__in=ids, decision=DuplicateDecision.OPEN
            )
            decided = pairs.update(decision=decision, decided_at=Now())
            if not decided:
                return 0
            newest = max(candidates, key=lambda candidate: (candidate.created_at, candidate.pk))
            if decision == DuplicateDecision.MERGED:
                older = [pk for pk in ids if pk != newest.pk]
                merged = Candidate.objects.filter(Q(pk__in=older) | Q(same_as__in=older))
                merged.update(same_as=newest.pk)
            Event.objects.record(
                draft.pk,
                EVENT_VERBS[decision],
                actor=user,
                about=newest.public_id,
                params={"count": len(ids)},
            )
        return decided

    def undo_merge(self, candidate: Candidate, user: "User") -> None:
        """Let each file of the person stand for itself again, to be decided anew."""
        with transaction.atomic():
            newest = candidate.same_as_id or candidate.pk
            files = Candidate.objects.filter(Q(pk=newest) | Q(same_as=newest))
            ids = list(files.values_list("pk", flat=True))
            files.update(same_as=None)
            self.filter(first__in=ids, second__in=ids).update(
                decision=DuplicateDecision.OPEN, decided_at=None
            )
            Event.objects.record(
                candidate.draft_id,
                EventVerb.MERGE_UNDONE,
                actor=user,
                about=candidate.public_id,
            )


class PossibleDuplicate(models.Model):
    """Two files, the older first, and the evidence that they are of one person."""

    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="possible_duplicates")
    first = models.ForeignKey(Candidate, models.DB_CASCADE, related_name="+")
    second = models.ForeignKey(Candidate, models.DB_CASCADE, related_name="+")
    evidence = models.CharField(max_length=12, choices=DuplicateEvidence)
    share = models.FloatField(help_text="of the text that both have, 0 to 1")
    decision = models.CharField(max_length=8, choices=DuplicateDecision, blank=True, db_default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = PossibleDuplicateQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["draft", "decision"])]
        constraints = [
            models.UniqueConstraint(name="possible_duplicate_once", fields=["first", "second"]),
            listed_constraint("possible_duplicate_evidence_listed", DuplicateEvidence, "evidence"),
            listed_constraint("possible_duplicate_decision_listed", DuplicateDecision, "decision"),
            models.CheckConstraint(
                name="possible_duplicate_older_first", condition=Q(first__lt=F("second"))
            ),
            models.CheckConstraint(
                name="possible_duplicate_decided_at_when_decided",
                condition=Q(decision="", decided_at=None)
                | (~Q(decision="") & Q(decided_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"

    @property
    def reason(self) -> str:
        """The evidence in words."""
        evidence = DuplicateEvidence(self.evidence)
        if self.share < MIN_SIMILAR_SHARE or evidence == DuplicateEvidence.SAME_TEXT:
            return str(evidence.label)
        alike = gettext("%(share)d%% of the text is the same") % {"share": round(100 * self.share)}
        if evidence == DuplicateEvidence.SIMILAR_TEXT:
            return alike
        return gettext("%(words)s, and %(alike)s") % {"words": evidence.label, "alike": alike}


def _trusted(row: dict[str, Any]) -> dict[str, Any]:
    """The row without an address or number that may well be an employer's or a referee's."""
    for field, key in (("email", "email"), ("phone", "phone_key")):
        if row["confidence"].get(field, 1.0) <= MAX_UNSURE_CONFIDENCE:
            row[key] = ""
    return row


def _pair(file: dict[str, Any], other: dict[str, Any]) -> PossibleDuplicate | None:
    """The two rows with the strongest evidence that they are of one person; None without any."""
    share = similarity.share(file["signature"], other["signature"])
    if file["text_key"] and file["text_key"] == other["text_key"]:
        evidence = DuplicateEvidence.SAME_TEXT
    elif file["email"] and file["email"].lower() == other["email"].lower():
        evidence = DuplicateEvidence.SAME_EMAIL
    elif file["phone_key"] and file["phone_key"] == other["phone_key"]:
        evidence = DuplicateEvidence.SAME_PHONE
    elif share >= MIN_SIMILAR_SHARE:
        evidence = DuplicateEvidence.SIMILAR_TEXT
    else:
        return None
    first, second = sorted((file["pk"], other["pk"]))
    return PossibleDuplicate(
        draft_id=file["draft"], first_id=first, second_id=second, evidence=evidence, share=share
    )


def other_files(candidate: Candidate) -> "models.QuerySet[Candidate, Any]":
    """The other files of the same person, the newest first."""
    newest = candidate.same_as_id or candidate.pk
    files = Candidate.objects.filter(Q(pk=newest) | Q(same_as=newest), draft=candidate.draft_id)
    return files.exclude(pk=candidate.pk).order_by("-created_at", "-pk").defer("text")
