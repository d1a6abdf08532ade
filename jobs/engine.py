"""The one seam between our work and the queue that wakes it.

The queue carries ids and nothing else: what is to be done, and whether it still needs to be, stands
in our own rows. A message may be lost, doubled or late without harm.
"""

from django.db.models.functions import Now
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.tasks import async_task


def send(task: str, *ids: int) -> None:
    """Queue `jobs.tasks.<task>` in the caller's transaction."""
    async_task(f"jobs.tasks.{task}", *ids)


def messages_wait() -> bool:
    """Whether a message waits for a free worker."""
    return bool(OrmQ.objects.filter(key=Conf.PREFIX, lock__lte=Now()).exists())


def is_empty() -> bool:
    """Whether no message waits for a worker; some may be in workers' hands."""
    return not OrmQ.objects.filter(key=Conf.PREFIX).exists()
