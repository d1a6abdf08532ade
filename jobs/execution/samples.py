"""The sample draft: a role with the résumés of fictional people, for a first look at everything."""

from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from candidates import intake, posting
from candidates.models import Draft, Event, EventVerb

from . import submit

SAMPLE_FOLDER: Path = settings.BASE_DIR / "candidates" / "samples" / "backend-engineer"
ROLE_FILENAME = "JOB.md"


def sample_draft(owner: User) -> Draft:
    """The owner's sample draft; made once, with everything in it, and waiting to be read."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)  # one press, one draft
        existing = Draft.objects.filter(owner=owner, events__verb=EventVerb.SAMPLE_CREATED).first()
        if existing is not None:
            return existing
        role = posting.parse((SAMPLE_FOLDER / ROLE_FILENAME).read_text(encoding="utf-8"))
        draft = Draft.objects.all().write(owner, role)
        files = sorted(path for path in SAMPLE_FOLDER.iterdir() if path.name != ROLE_FILENAME)
        intake.accept(draft, owner, map(intake.from_path, files))
        Event.objects.record(draft.pk, EventVerb.SAMPLE_CREATED, actor=owner)
        submit.wake_readers(draft.pk)
    return draft
