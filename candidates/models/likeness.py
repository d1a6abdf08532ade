"""Files of one draft that may be of the same person, and what the manager made of that."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from django.db import connection, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from .candidate import Candidate
from .draft import Draft
from .event import Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ALIKE = 0.5  # share of the text, from which two files are taken for copies of each other
MOST_PAIRS = 5  # of one file: an agency's address is on everybody's


class Why(models.TextChoices):
    SAME_TEXT = "same-text", "the same text"
    SAME_EMAIL = "same-email", "the same e-mail address"
    SAME_PHONE = "same-phone", "the same telephone number"
    ALIKE = "alike", "much of the same text"


class Decision(models.TextChoices):
    OPEN = "", "not decided"
    MERGED = "merged", "one person"
    APART = "apart", "different people"


class LikenessQuerySet(models.QuerySet["Likeness"]):
    def undecided(self) -> Self:
        """Pairs nobody has decided about, of files that still stand for themselves."""
        return self.filter(decision=Decision.OPEN, first__same_as=None, second__same_as=None)

    def find(self, candidate_ids: Iterable[int]) -> int:
        """Note the files that look like these; returns how many pairs are new. One statement,
        whose time does not grow with the draft."""
        with connection.cursor() as cursor:
            cursor.execute(FIND, {"ids": list(candidate_ids), "alike": ALIKE, "most": MOST_PAIRS})
            return int(cursor.rowcount)

    def groups(self) -> list[list["Likeness"]]:
        """The pairs, those that hang together in one list each."""
        head: dict[int, int] = {}

        def root(pk: int) -> int:
            while (above := head.setdefault(pk, pk)) != pk:
                pk = above
            return pk

        pairs = list(self)
        for pair in pairs:
            head[root(pair.second_id)] = root(pair.first_id)
        found: dict[int, list[Likeness]] = {}
        for pair in pairs:
            found.setdefault(root(pair.first_id), []).append(pair)
        return list(found.values())

    def decide(
        self, draft: Draft, candidates: list[Candidate], decision: Decision, user: "User"
    ) -> int:
        """Merge the files into the newest of them, or keep them apart; returns how many pairs that
        decides."""
        with transaction.atomic():
            Draft.objects.select_for_update().get(pk=draft.pk)
            among = [candidate.pk for candidate in candidates]
            pairs = self.filter(
                draft=draft, first__in=among, second__in=among, decision=Decision.OPEN
            )
            decided = pairs.update(decision=decision, decided_at=Now())
            if not decided:
                return 0
            newest = max(candidates, key=lambda one: (one.created_at, one.pk))
            if decision == Decision.MERGED:
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
                decision=Decision.OPEN, decided_at=None
            )
            Event.objects.all().record(
                candidate.draft_id, "files parted", actor=user, about=candidate.public_id
            )


class Likeness(models.Model):
    """Two files, the older first, with what speaks for their being one person's."""

    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="likenesses")
    first = models.ForeignKey(Candidate, models.DB_CASCADE, related_name="+")
    second = models.ForeignKey(Candidate, models.DB_CASCADE, related_name="+")
    why = models.CharField(max_length=12, choices=Why)
    share = models.FloatField(help_text="of the text that both have, 0 to 1")
    decision = models.CharField(max_length=8, choices=Decision, blank=True, db_default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = LikenessQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "likenesses"
        ordering = ["pk"]
        indexes = [models.Index(fields=["draft", "decision"])]
        constraints = [
            models.UniqueConstraint(name="likeness_once", fields=["first", "second"]),
            models.CheckConstraint(name="likeness_older_first", condition=Q(first__lt=F("second"))),
            models.CheckConstraint(
                name="likeness_decided_at_when_decided",
                condition=Q(decision="", decided_at=None)
                | (~Q(decision="") & Q(decided_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"

    @property
    def reason(self) -> str:
        """Why, for a person."""
        words = str(Why(self.why).label)
        if self.share >= ALIKE and self.why != Why.SAME_TEXT:
            alike = f"{round(100 * self.share)}% of the text is the same"
            return alike if self.why == Why.ALIKE else f"{words}, and {alike}"
        return words


def other_files(candidate: Candidate) -> "models.QuerySet[Candidate, Any]":
    """The other files of the same person, the newest first."""
    head = candidate.same_as_id or candidate.pk
    files = Candidate.objects.filter(Q(pk=head) | Q(same_as=head), draft=candidate.draft_id)
    return files.exclude(pk=candidate.pk).order_by("-created_at", "-pk").defer("text")


# Four look-ups by index, not one with OR, which would read the whole draft.
FIND = """
WITH fresh AS (
    SELECT * FROM candidates_candidate WHERE id = ANY(%(ids)s) AND status = 'readable'
), found AS (
    SELECT a.id AS one, b.id AS two, 1 AS rank, 'same-text' AS why FROM fresh a
      JOIN candidates_candidate b ON b.draft_id = a.draft_id AND b.text_key = a.text_key
     WHERE a.text_key <> ''
    UNION ALL
    SELECT a.id, b.id, 2, 'same-email' FROM fresh a
      JOIN candidates_candidate b ON b.draft_id = a.draft_id AND lower(b.email) = lower(a.email)
     WHERE a.email <> ''
    UNION ALL
    SELECT a.id, b.id, 3, 'same-phone' FROM fresh a
      JOIN candidates_candidate b ON b.draft_id = a.draft_id AND b.phone_key = a.phone_key
     WHERE a.phone_key <> ''
    UNION ALL
    SELECT a.id, b.id, 4, 'alike' FROM fresh a
      JOIN candidates_candidate b ON b.draft_id = a.draft_id AND b.bands && a.bands
), shared AS (
    SELECT f.one, f.two, f.rank, f.why, a.draft_id, b.created_at, (
        SELECT coalesce(avg((x = y)::int), 0)
          FROM unnest(a.signature, b.signature) AS pair(x, y)
         WHERE cardinality(a.signature) > 0 AND cardinality(b.signature) > 0
    ) AS share
      FROM found f
      JOIN candidates_candidate a ON a.id = f.one
      JOIN candidates_candidate b ON b.id = f.two
     WHERE f.one <> f.two AND b.status = 'readable'
), best AS (
    SELECT DISTINCT ON (one, two) * FROM shared
     WHERE why <> 'alike' OR share >= %(alike)s
     ORDER BY one, two, rank
), numbered AS (
    SELECT *, row_number() OVER (PARTITION BY one ORDER BY rank, created_at DESC) AS turn FROM best
)
INSERT INTO candidates_likeness (draft_id, first_id, second_id, why, share)
SELECT DISTINCT ON (least(one, two), greatest(one, two))
       draft_id, least(one, two), greatest(one, two), why, share
  FROM numbered WHERE turn <= %(most)s
 ORDER BY least(one, two), greatest(one, two), rank
ON CONFLICT DO NOTHING
"""
