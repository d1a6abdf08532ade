"""django-q2 with its ORM broker: a task for each résumé, a process for each call in flight."""

import os
import sys

import django
import openai
from django.core.management import call_command
from django.db import connection

from . import work

_client = openai.OpenAI(**work.CLIENT)


def score(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(work.READ, [number])
        text, name = cursor.fetchone()
        answer = _client.chat.completions.create(**work.body(text, name))
        cursor.execute(work.WRITE, work.row(number, answer))


def submit(ids: list[int]) -> None:
    from django_q.tasks import async_task

    for number in ids:
        async_task("benchmarks.peers.django_q_tasks.score", number)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.peers.django_q_settings"
    django.setup()
    if sys.argv[1:] == ["work"]:
        call_command("qcluster")
    else:
        call_command("migrate", verbosity=0)
        work.obey(submit)
