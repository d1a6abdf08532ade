"""Files with a job description: sent by a person, read by a worker in the sandbox, their text taken
over in the form by the person.

Such a file is neither a job nor a candidate: only the page that sent it waits for it.
"""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from candidates.intake import NO_NAME_MESSAGE, Incoming, clean_name
from candidates.models import DescriptionFile, Draft, Event, EventVerb
from candidates.models.draft import MAX_DESCRIPTION_CHARACTERS
from candidates.reading.problems import Problem, Unreadable
from candidates.reading.sandbox.parent import Sandbox
from candidates.reasons import sentence
from jobs import queue
from jobs.tracing import place

from .claims import Claims

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

DESCRIPTION_LEASE = timedelta(seconds=45)  # as for a résumé
MAX_DESCRIPTION_BYTES = 8 * 1024 * 1024


class DescriptionRefused(Exception):
    """The file is not taken in; the message says why and what to do."""


def upload_description(draft: Draft, user: "User", file: Incoming) -> DescriptionFile:
    """Store the file and wake a worker to read it; returns at once. Raises DescriptionRefused."""
    name = clean_name(file.name)
    if not name:
        raise DescriptionRefused(str(NO_NAME_MESSAGE))
    if file.size > MAX_DESCRIPTION_BYTES:
        raise DescriptionRefused(
            _("The file is larger than 8 MB. Save a smaller copy, or paste the text into the form.")
        )
    content = file.read()
    if not content:
        raise DescriptionRefused(sentence(Problem.EMPTY))
    with transaction.atomic():
        description = DescriptionFile.objects.create(draft=draft, filename=name, content=content)
        description.refresh_from_db(fields=["public_id"])
        Event.objects.record(
            draft.pk, EventVerb.DESCRIPTION_UPLOADED, actor=user, about=description.public_id
        )
        queue.send("describe", description.pk)
    return description


def read_description(file_id: int) -> None:
    """Read the file, unless that is done or another worker is at it."""
    rows = DescriptionFile.objects.filter(pk=file_id)
    claims = Claims.take(rows, DESCRIPTION_LEASE)
    if claims is None:
        return
    file = rows.get()
    try:
        with Sandbox(ocr=settings.OCR) as sandbox:
            document = sandbox.read(bytes(file.content), file.filename, claims.renew_if_due)
    except Unreadable as refused:
        rows.refuse(claims.token, refused.problem)
    # Whatever else goes wrong is the program's: the sweep sends the row to another worker.
    except Exception as error:  # noqa: BLE001
        log.error("description %d: %s", file_id, place(error))
        claims.release([file_id], DESCRIPTION_LEASE)
    else:
        rows.ready(claims.token, document.text.strip()[:MAX_DESCRIPTION_CHARACTERS])
