"""A role being prepared, and what is looked for in it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower, Now, Trim
from django.db.models.functions.uuid import UUID4
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from candidates.posting import Posting, criteria_of, role_weight_of
from candidates.scoring import rubric

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

HEAVIEST = 10
MOST_CRITERIA = 50
LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 50_000  # characters; the longest real postings have about 15,000


class Role(models.TextChoices):
    """What somebody may do with a draft; each may what the one before it may."""

    VIEWER = "viewer", _("may look")
    EDITOR = "editor", _("may change it, run it and decide")
    OWNER = "owner", _("may also share and erase it")

    def may(self, needed: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


SHARED = (Role.VIEWER, Role.EDITOR)


class DraftQuerySet(models.QuerySet["Draft"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Every query in a view starts here: the user's own and those shared with them."""
        if not user.pk:
            return self.none()
        # One list, so that each half is found by its index.
        own = Draft.objects.filter(owner=user.pk).values("pk")
        shared = Membership.objects.filter(user=user.pk).values("draft")
        return self.filter(pk__in=own.union(shared, all=True))

    def editable_by(self, user: "User | AnonymousUser") -> Self:
        """The user's own, and those that colleagues let them change."""
        if not user.pk:
            return self.none()
        own = Draft.objects.filter(owner=user.pk).values("pk")
        shared = Membership.objects.filter(user=user.pk, role=Role.EDITOR).values("draft")
        return self.filter(pk__in=own.union(shared, all=True))

    def write(self, owner: "User", role: Posting) -> "Draft":
        """A new draft of a role that was written as a file; its criteria derived if it has none."""
        with transaction.atomic():
            draft = self.create(
                owner=owner,
                title=role.title,
                description=role.description,
                role_weight=role_weight_of(role),
            )
            Criterion.objects.bulk_create(
                Criterion(
                    draft=draft,
                    position=place,
                    name=criterion.name,
                    looks_for=criterion.looks_for,
                    weight=criterion.weight,
                    must_have=criterion.must_have,
                )
                for place, criterion in enumerate(criteria_of(role))
            )
        draft.refresh_from_db()
        return draft


class Draft(models.Model):
    public_id = models.UUIDField(unique=True, db_default=UUID4(), editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DB_CASCADE, related_name="drafts", editable=False
    )
    title = models.CharField(max_length=LONGEST_TITLE)
    description = models.TextField(max_length=LONGEST_DESCRIPTION, blank=True)
    role_weight = models.PositiveSmallIntegerField(
        "weight of the role as described",
        default=5,
        db_default=5,
        validators=[MaxValueValidator(HEAVIEST)],
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
                name="draft_role_weight_in_range", condition=Q(role_weight__lte=HEAVIEST)
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("candidates:draft", args=[self.public_id])

    def add(self, criteria: Iterable[rubric.RubricCriterion]) -> int:
        """Put these behind the others, in the caller's transaction; returns how many.

        One whose name is there already is left out, and so are those above MOST_CRITERIA.
        """
        Draft.objects.select_for_update().get(pk=self.pk)
        there = list(self.criteria.all())
        names = {one.name.strip().casefold() for one in there}
        fresh = [one for one in criteria if one.name.strip().casefold() not in names]
        made = Criterion.objects.bulk_create(
            Criterion(
                draft=self,
                position=place,
                name=one.name,
                looks_for=one.looks_for,
                weight=one.weight,
                must_have=one.must_have,
            )
            for place, one in enumerate(fresh[: MOST_CRITERIA - len(there)], start=len(there))
        )
        if made:
            Draft.objects.filter(pk=self.pk).update(updated_at=Now())
        return len(made)

    def duplicate(self, owner: "User", title: str) -> "Draft":
        """A new draft of the same role with the same criteria, in the caller's transaction."""
        copy = Draft.objects.create(
            owner=owner,
            title=title[:LONGEST_TITLE],
            description=self.description,
            role_weight=self.role_weight,
            blind=self.blind,
        )
        Criterion.objects.bulk_create(
            Criterion(
                draft=copy,
                position=one.position,
                name=one.name,
                looks_for=one.looks_for,
                weight=one.weight,
                must_have=one.must_have,
            )
            for one in self.criteria.all()
        )
        copy.refresh_from_db()
        return copy

    def rubric(self) -> rubric.Rubric:
        """The criteria as they stand, frozen. One query.

        Raises ValueError with a plain sentence when nothing could be rated by it.
        """
        return rubric.Rubric.build(
            title=self.title,
            description=self.description,
            criteria=[
                rubric.RubricCriterion(
                    key=f"c{place}",
                    name=criterion.name,
                    looks_for=criterion.looks_for,
                    weight=criterion.weight,
                    must_have=criterion.must_have,
                )
                for place, criterion in enumerate(self.criteria.all(), start=1)
            ],
            role_weight=self.role_weight,
        )


class MembershipQuerySet(models.QuerySet["Membership"]):
    def bind(self, user: "User") -> int:
        """Let the user have what was shared with their address before there was an account."""
        if not user.email:
            return 0
        return self.filter(user=None, email__iexact=user.email).update(user=user)


class Membership(models.Model):
    """A colleague with whom a draft is shared, by address; `user` once there is such an account."""

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
    draft = models.ForeignKey(Draft, models.DB_CASCADE, related_name="criteria", editable=False)
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=200)
    looks_for = models.TextField("what good looks like", max_length=2_000, blank=True)
    weight = models.PositiveSmallIntegerField(
        default=3, validators=[MinValueValidator(1), MaxValueValidator(HEAVIEST)]
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
                name="criterion_weight_in_range", condition=Q(weight__range=(1, HEAVIEST))
            ),
        ]

    def __str__(self) -> str:
        return self.name
