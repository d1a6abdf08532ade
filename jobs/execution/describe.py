"""Reading a file with a job description: sent by a person, read by a worker in the sandbox, and its
text taken over in the form by the person.

It is no job and no candidate: nobody waits for it but the page that sent it.
"""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from candidates.intake import NO_NAME, Incoming, clean_name
from candidates.models import DescriptionFile, Draft, Event
from candidates.models.draft import LONGEST_DESCRIPTION
from candidates.reading.problems import Problem, Unreadable
from candidates.reading.sandbox.parent import Sandbox
from candidates.reasons import sentence
from jobs import queue
from jobs.tracing import place

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=45)  # as for a résumé
LARGEST = 8 * 1024 * 1024


class DescriptionRefused(Exception):
    """The file is not taken in; the message says why and what to do."""


def ask(draft: Draft, user: "User", file: Incoming) -> DescriptionFile:
    """Keep the file and wake a worker to read it; returns at once. Raises Refused."""
    name = clean_name(file.name)
    if not name:
        raise DescriptionRefused(str(NO_NAME))
    if file.size > LARGEST:
        raise DescriptionRefused(
            _("The file is larger than 8 MB. Save a smaller copy, or paste the text into the form.")
        )
    content = file.read()
    if not content:
        raise DescriptionRefused(sentence(Problem.EMPTY))
    with transaction.atomic():
        kept = DescriptionFile.objects.create(draft=draft, filename=name, content=content)
        kept.refresh_from_db(fields=["public_id"])
        Event.objects.all().record(
            draft.pk, "description uploaded", actor=user, about=kept.public_id, detail=name
        )
        queue.send("describe", kept.pk)
    return kept


def read(pk: int) -> None:
    """Read the file, unless somebody has or is at it."""
    token = uuid4()
    mine = DescriptionFile.objects.filter(pk=pk)
    mine.give_up()
    if not mine.claim(1, token, LEASE):
        return
    kept = mine.get()

    def tick() -> None:
        mine.extend(token, LEASE)

    try:
        with Sandbox(ocr=settings.OCR) as sandbox:
            document = sandbox.read(bytes(kept.content), kept.filename, tick)
    except Unreadable as refused:
        mine.refuse(token, refused.problem)
    # Whatever else goes wrong is ours: the claim runs out and the sweep asks again.
    except Exception as error:  # noqa: BLE001
        log.error("description %d: %s", pk, place(error))
        mine.give_back(token, LEASE)
    else:
        mine.ready(token, document.text.strip()[:LONGEST_DESCRIPTION])
