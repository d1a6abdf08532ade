"""Files of one draft that may be of the same person, and what the manager made of that."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from candidates.facts import similarity

from .candidate import Candidate, CandidateStatus
from .draft import Draft
from .event import Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ALIKE = 0.5  # share of the text, from which two files are taken for copies of each other
KEYS = ("text_key", "email", "phone_key")
MAX_UNSURE_CONFIDENCE = 0.5  # of the confidence in an address or a number
MAX_PAIRS_PER_FILE = 5  # of one file: an agency's address is on everybody's


class DuplicateEvidence(models.TextChoices):
    SAME_TEXT = "same-text", _("the same text")
    SAME_EMAIL = "same-email", _("the same e-mail address")
    SAME_PHONE = "same-phone", _("the same telephone number")
    ALIKE = "alike", _("much of the same text")


class DuplicateDecision(models.TextChoices):
    OPEN = "", _("not decided")
    MERGED = "merged", _("one person")
    APART = "apart", _("different people")


class PossibleDuplicateQuerySet(models.QuerySet["PossibleDuplicate"]):
    def undecided(self) -> Self:
        """Pairs nobody has decided about, of files that still stand for themselves."""
        return self.filter(
            decision=DuplicateDecision.OPEN, first__same_as=None, second__same_as=None
        )

    def find(self, candidate_ids: Iterable[int]) -> int:
        """Note the files that look like these, of one draft; returns how many pairs that makes.

        Three queries, by index: their time does not grow with the draft.
        """
        fields = ("pk", "draft", "signature", "bands", "confidence", *KEYS)
        readable = Candidate.objects.filter(status=CandidateStatus.READABLE).order_by(
            "-created_at", "-pk"
        )
        fresh = list(map(_sure, readable.filter(pk__in=list(candidate_ids)).values(*fields)))
        if not fresh:
            return 0
        keys = {field: {one[field].lower() for one in fresh} - {""} for field in KEYS}
        like = (
            Q(text_key__in=keys["text_key"])
            | Q(lower_email__in=keys["email"])
            | Q(phone_key__in=keys["phone_key"])
            | Q(bands__overlap=sorted({band for one in fresh for band in one["bands"]}))
        )
        others = readable.filter(draft=fresh[0]["draft"]).alias(lower_email=Lower("email"))
        pairs: dict[tuple[int, int], PossibleDuplicate] = {}
        found = list(map(_sure, others.filter(like).values(*fields)))
        for one in fresh:
            best = [
                (rank, pair)
                for other in found
                if other["pk"] != one["pk"] and (pair := _pair(one, other)) is not None
                for rank in (list(DuplicateEvidence).index(DuplicateEvidence(pair.why)),)
            ]
            best.sort(key=lambda each: each[0])  # among equals the newest is first
            for _rank, pair in best[:MAX_PAIRS_PER_FILE]:
                pairs.setdefault((pair.first_id, pair.second_id), pair)
        self.bulk_create(pairs.values(), ignore_conflicts=True)
        return len(pairs)

    def groups(self) -> list[list["PossibleDuplicate"]]:
        """The pairs, those that hang together in one list each."""
        head: dict[int, int] = {}

        def root(pk: int) -> int:
            while (above := head.setdefault(pk, pk)) != pk:
                pk = above
            return pk

        pairs = list(self)
        for pair in pairs:
            head[root(pair.second_id)] = root(pair.first_id)
        found: dict[int, list[PossibleDuplicate]] = {}
        for pair in pairs:
            found.setdefault(root(pair.first_id), []).append(pair)
        return list(found.values())

    def decide(
        self, draft: Draft, candidates: list[Candidate], decision: DuplicateDecision, user: "User"
    ) -> int:
        """Merge the files into the newest of them, or keep them apart; returns how many pairs that
        decides."""
        with transaction.atomic():
            Draft.objects.select_for_update().get(pk=draft.pk)
            among = [candidate.pk for candidate in candidates]
            pairs = self.filter(
                draft=draft, first__in=among, second__in=among, decision=DuplicateDecision.OPEN
            )
            decided = pairs.update(decision=decision, decided_at=Now())
            if not decided:
                return 0
            newest = max(candidates, key=lambda one: (one.created_at, one.pk))
            if decision == DuplicateDecision.MERGED:
                older = [pk for pk in among if pk != newest.pk]
                whole = Candidate.objects.filter(Q(pk__in=older) | Q(same_as__in=older))
                whole.update(same_as=newest.pk)
            Event.objects.all().record(
                draft.pk,
                f"files {decision.value}",
                actor=user,
                about=newest.public_id,
                detail=f"{len(among)} files",
            )
        return decided

    def take_back(self, candidate: Candidate, user: "User") -> None:
        """Let each file of the person stand for itself again, to be decided anew."""
        with transaction.atomic():
            head = candidate.same_as_id or candidate.pk
            files = Candidate.objects.filter(Q(pk=head) | Q(same_as=head))
            ids = list(files.values_list("pk", flat=True))
            files.update(same_as=None)
            self.filter(first__in=ids, second__in=ids).update(
                decision=DuplicateDecision.OPEN, decided_at=None
            )
            Event.objects.all().record(
                candidate.draft_id, "files parted", actor=user, about=candidate.public_id
            )


class PossibleDuplicate(models.Model):
    """Two files, the older first, with what speaks for their being one person's."""

    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="possible_duplicates")
    first = models.ForeignKey(Candidate, models.DB_CASCADE, related_name="+")
    second = models.ForeignKey(Candidate, models.DB_CASCADE, related_name="+")
    why = models.CharField(max_length=12, choices=DuplicateEvidence)
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
        """Why, for a person."""
        words = str(DuplicateEvidence(self.why).label)
        if self.share >= ALIKE and self.why != DuplicateEvidence.SAME_TEXT:
            alike = gettext("%(share)d%% of the text is the same") % {
                "share": round(100 * self.share)
            }
            if self.why == DuplicateEvidence.ALIKE:
                return alike
            return gettext("%(words)s, and %(alike)s") % {"words": words, "alike": alike}
        return words


def _sure(row: dict[str, Any]) -> dict[str, Any]:
    """The row without an address or number that may well be an employer's or a referee's."""
    for field, key in (("email", "email"), ("phone", "phone_key")):
        if row["confidence"].get(field, 1.0) <= MAX_UNSURE_CONFIDENCE:
            row[key] = ""
    return row


def _pair(one: dict[str, Any], other: dict[str, Any]) -> "PossibleDuplicate | None":
    """The strongest reason for two rows to be one person's, if there is any."""
    share = similarity.share(one["signature"], other["signature"])
    if one["text_key"] and one["text_key"] == other["text_key"]:
        why = DuplicateEvidence.SAME_TEXT
    elif one["email"] and one["email"].lower() == other["email"].lower():
        why = DuplicateEvidence.SAME_EMAIL
    elif one["phone_key"] and one["phone_key"] == other["phone_key"]:
        why = DuplicateEvidence.SAME_PHONE
    elif share >= ALIKE:
        why = DuplicateEvidence.ALIKE
    else:
        return None
    first, second = sorted((one["pk"], other["pk"]))
    return PossibleDuplicate(
        draft_id=one["draft"], first_id=first, second_id=second, why=why, share=share
    )


def other_files(candidate: Candidate) -> "models.QuerySet[Candidate, Any]":
    """The other files of the same person, the newest first."""
    head = candidate.same_as_id or candidate.pk
    files = Candidate.objects.filter(Q(pk=head) | Q(same_as=head), draft=candidate.draft_id)
    return files.exclude(pk=candidate.pk).order_by("-created_at", "-pk").defer("text")
