"""A role being prepared, its criteria, and the colleagues who share it."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower, Now, Trim
from django.db.models.functions.uuid import UUID4
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from candidates.posting import Posting, criteria_of, role_weight_of
from candidates.scoring.rubric import (
    CRITERION_FIELDS,
    MAX_WEIGHT,
    Rubric,
    RubricCriterion,
    criterion_identity,
)

from .counts import CandidateCount
from .event import Event, EventVerb

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MAX_CRITERIA = 50  # of one draft
MAX_TITLE_CHARACTERS = 200  # characters
MAX_DESCRIPTION_CHARACTERS = 50_000  # characters; the longest real postings have about 15,000


class Role(models.TextChoices):
    """What a user may do with a draft; each role includes the permissions of those before it."""

    VIEWER = "viewer", _("may look")
    EDITOR = "editor", _("may change it, run it and decide")
    OWNER = "owner", _("may also share and erase it")

    def may(self, needed: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


SHARED = (Role.VIEWER, Role.EDITOR)


class DraftQuerySet(models.QuerySet["Draft"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Return the user's own drafts and those shared with them: every view starts here."""
        if not user.pk:
            return self.none()
        # A union, so that each half is found by its index.
        own = Draft.objects.filter(owner=user.pk).values("pk")
        shared = Membership.objects.filter(user=user.pk).values("draft")
        return self.filter(pk__in=own.union(shared, all=True))

    def editable_by(self, user: "User | AnonymousUser") -> Self:
        """Return the user's own drafts, and those that colleagues let them change."""
        if not user.pk:
            return self.none()
        own = Draft.objects.filter(owner=user.pk).values("pk")
        shared = Membership.objects.filter(user=user.pk, role=Role.EDITOR).values("draft")
        return self.filter(pk__in=own.union(shared, all=True))

    def write(self, owner: "User", role: Posting) -> "Draft":
        """Create a draft from a role's file; where that has no criteria, they are derived."""
        with transaction.atomic():
            draft = self.create(
                owner=owner,
                title=role.title,
                description=role.description,
                role_weight=role_weight_of(role),
            )
            draft.append_criteria(criteria_of(role))
        draft.refresh_from_db()
        return draft


class Draft(models.Model):
    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_CASCADE, related_name="drafts", editable=False
    )
    title = models.CharField(max_length=MAX_TITLE_CHARACTERS)
    description = models.TextField(max_length=MAX_DESCRIPTION_CHARACTERS, blank=True)
    role_weight = models.PositiveSmallIntegerField(
        "weight of the role as described",
        default=5,
        db_default=5,
        validators=[MaxValueValidator(MAX_WEIGHT)],
        help_text="How much the description as a whole counts beside the criteria (0 to 10).",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    blind = models.BooleanField(
        "blind mode",
        default=False,
        db_default=False,
        help_text="Who the candidates are stays hidden until somebody has decided.",
    )

    objects = DraftQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["owner", "-updated_at"])]
        constraints = [
            models.CheckConstraint(
                name="draft_has_a_title",
                condition=~Q(title=""),
                violation_error_message="Give the draft a title.",
            ),
            models.CheckConstraint(
                name="draft_role_weight_in_range", condition=Q(role_weight__lte=MAX_WEIGHT)
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("candidates:draft", args=[self.public_id])

    def file_tally(self) -> dict[str, int]:
        """How many files have each status, `total` and `done`; those that are not read yet count as
        waiting. One query, which counts no rows."""
        return CandidateCount.objects.tallies([self.pk])[self.pk]

    def append_criteria(
        self, criteria: Iterable["RubricCriterion | Criterion"], start: int = 0
    ) -> list["Criterion"]:
        """Write copies of `criteria` into this draft, at the positions from `start`. One query."""
        return Criterion.objects.bulk_create(
            Criterion.copy_of(criterion, self, position)
            for position, criterion in enumerate(criteria, start)
        )

    def add_criteria(self, criteria: Iterable[RubricCriterion], user: "User") -> int:
        """Append criteria; returns how many were written.

        Those whose name the draft has already are left out, and those above MAX_CRITERIA.
        """
        with transaction.atomic():
            Draft.objects.select_for_update().get(pk=self.pk)
            present = [criterion.identity for criterion in self.criteria.all()]
            new = [criterion for criterion in criteria if criterion.identity not in present]
            written = self.append_criteria(new[: MAX_CRITERIA - len(present)], len(present))
            if written:
                Draft.objects.filter(pk=self.pk).update(updated_at=Now())
                Event.objects.record(self.pk, EventVerb.DRAFT_CHANGED, actor=user)
        return len(written)

    def save_edit(self, criteria: Iterable["Criterion"], user: "User") -> None:
        """Write the draft, new or changed, with `criteria` in the place of those it had.

        The caller has locked the row of a draft that is not new. Nothing refers to a criterion's
        row: runs keep a copy of their own.
        """
        is_new = self.pk is None
        with transaction.atomic():
            self.save()
            self.criteria.all().delete()
            self.append_criteria(criteria)
            if not is_new:
                Draft.objects.filter(pk=self.pk).update(updated_at=Now())
            verb = EventVerb.DRAFT_CREATED if is_new else EventVerb.DRAFT_CHANGED
            Event.objects.record_edit(self.pk, verb, user)
        self.refresh_from_db(fields=["public_id", "updated_at"])

    def replace_description(self, text: str, user: "User") -> bool:
        """Put the text in the place of the description; False when it is the same."""
        with transaction.atomic():
            changed = Draft.objects.filter(pk=self.pk).exclude(description=text)
            if not changed.update(description=text, updated_at=Now()):
                return False
            Event.objects.record_edit(self.pk, EventVerb.DRAFT_CHANGED, user)
        return True

    def set_weights(
        self, weights: Mapping[str, int], role_weight: int | None, user: "User"
    ) -> tuple[int, int]:
        """Set the weights of criteria, by `Criterion.identity`, and of the role where it is given.

        Returns how many weights that changes, and how many of them no criterion has.
        """
        with transaction.atomic():
            draft = Draft.objects.select_for_update().get(pk=self.pk)
            by_identity = {row.identity: row for row in draft.criteria.all()}
            changed = [
                criterion
                for identity, criterion in by_identity.items()
                if weights.get(identity, criterion.weight) != criterion.weight
            ]
            # Each with its id, the weight before, and the weight from now on.
            changes = [[row.pk, row.weight, weights[row.identity]] for row in changed]
            for criterion in changed:
                criterion.weight = weights[criterion.identity]
            Criterion.objects.bulk_update(changed, ["weight"])
            params: dict[str, Any] = {"weights": changes} if changes else {}
            if role_weight is not None and role_weight != draft.role_weight:
                params["role"] = [draft.role_weight, role_weight]
                draft.role_weight = role_weight
            if params:
                Draft.objects.filter(pk=draft.pk).update(
                    role_weight=draft.role_weight, updated_at=Now()
                )
                Event.objects.record(draft.pk, EventVerb.WEIGHTS_CHANGED, actor=user, params=params)
        return len(changes) + ("role" in params), len(weights.keys() - by_identity.keys())

    def duplicate(self, owner: "User", title: str) -> "Draft":
        """Create a draft of the same role with the same criteria."""
        with transaction.atomic():
            copy = Draft.objects.create(
                owner=owner,
                title=title[:MAX_TITLE_CHARACTERS],
                description=self.description,
                role_weight=self.role_weight,
                blind=self.blind,
            )
            copy.append_criteria(self.criteria.all())
            Event.objects.record(
                copy.pk,
                EventVerb.DRAFT_CREATED,
                actor=owner,
                params={"copy_of": str(self.public_id)},
            )
        copy.refresh_from_db()
        return copy

    def rubric(self) -> Rubric:
        """Return the criteria of this moment as a frozen value. One query.

        Raises ValueError with a plain sentence when nothing could be rated by it.
        """
        return Rubric.build(
            title=self.title,
            description=self.description,
            criteria=[
                criterion.as_value(f"c{number}")
                for number, criterion in enumerate(self.criteria.all(), start=1)
            ],
            role_weight=self.role_weight,
        )


class MembershipQuerySet(models.QuerySet["Membership"]):
    def bind(self, user: "User") -> int:
        """Give the user what was shared with their address before there was an account."""
        if not user.email:
            return 0
        return self.filter(user=None, email__iexact=user.email).update(user=user)

    def invite(self, draft: Draft, email: str, role: Role, user: "User") -> "Membership":
        """Share the draft with an address, and with the account that has it."""
        accounts = get_user_model().objects.filter(email__iexact=email, is_active=True)
        with transaction.atomic():
            membership = self.create(
                draft=draft,
                email=email,
                user=accounts.order_by("pk").first(),
                role=role,
                invited_by=user,
            )
            membership.refresh_from_db()
            _record(EventVerb.SHARED, membership, user, role=role.value)
        return membership

    def change_role(self, membership: "Membership", role: Role, user: "User") -> bool:
        """False when it was that role already."""
        with transaction.atomic():
            if not self.filter(pk=membership.pk).exclude(role=role).update(role=role):
                return False
            _record(EventVerb.ROLE_CHANGED, membership, user, role=role.value)
        return True

    def remove(self, membership: "Membership", user: "User") -> None:
        """No longer share the draft; an e-mail that is not sent yet goes too."""
        with transaction.atomic():
            _record(EventVerb.SHARING_ENDED, membership, user)
            self.filter(pk=membership.pk).delete()

    def leave(self, draft: Draft, user: "User") -> bool:
        """Give up the user's own access; False when the draft is not shared with them."""
        with transaction.atomic():
            if not self.filter(draft=draft, user=user).delete()[0]:
                return False
            Event.objects.record(draft.pk, EventVerb.LEFT, actor=user)
        return True


def _record(verb: EventVerb, membership: "Membership", user: "User", **params: str) -> None:
    Event.objects.record(
        membership.draft_id, verb, actor=user, about=membership.public_id, params=params
    )


class Membership(models.Model):
    """A colleague who shares a draft, by address; `user` is set once there is such an account."""

    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="memberships")
    email = models.EmailField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DB_CASCADE,
        null=True,
        blank=True,
        related_name="memberships",
    )
    role = models.CharField(
        max_length=6, choices=[(role.value, role.label) for role in SHARED], default=Role.VIEWER
    )
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    opened_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="when the colleague first looked at it"
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                "draft",
                name="membership_once",
                violation_error_message="The draft is shared with this address already.",
            ),
            models.CheckConstraint(name="membership_role_listed", condition=Q(role__in=SHARED)),
        ]

    def __str__(self) -> str:
        return self.email


class Criterion(models.Model):
    """One thing looked for, in the order of the draft's form; `as_value` freezes it."""

    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="criteria", editable=False)
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=200)
    looks_for = models.TextField("what good looks like", max_length=2_000, blank=True)
    weight = models.PositiveSmallIntegerField(
        default=3, validators=[MinValueValidator(1), MaxValueValidator(MAX_WEIGHT)]
    )
    must_have = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "criteria"
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                Lower(Trim("name")),
                "draft",
                name="criterion_named_once",
                violation_error_message="Two criteria have the same name.",
            ),
            models.CheckConstraint(name="criterion_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="criterion_weight_in_range", condition=Q(weight__range=(1, MAX_WEIGHT))
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def identity(self) -> str:
        """What makes it the same criterion as one of another draft or of a frozen rubric."""
        return criterion_identity(self.name)

    @classmethod
    def copy_of(
        cls, source: "RubricCriterion | Criterion", draft: Draft, position: int
    ) -> "Criterion":
        """Return an unsaved criterion of `draft` with the fields of `source`."""
        values = {field: getattr(source, field) for field in CRITERION_FIELDS}
        return cls(draft=draft, position=position, **values)

    def as_value(self, key: str) -> RubricCriterion:
        """Return the criterion as a rubric has it, where `key` names it."""
        return RubricCriterion(key, **{field: getattr(self, field) for field in CRITERION_FIELDS})
