"""Celery with Redis as its broker and greenlets as its workers: a task for each résumé."""

import celery
import openai
from psycopg_pool import ConnectionPool

from . import work

app = celery.Celery("bench", broker=work.REDIS)
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)

# One connection a greenlet would be 64; none is held during a call.
_connections = ConnectionPool(kwargs=work.DATABASE, min_size=4, max_size=16, open=True)
_client = openai.OpenAI(**work.CLIENT)


@app.task(name="score")  # type: ignore[untyped-decorator]
def score(number: int) -> None:
    with _connections.connection() as connection:
        text, name = connection.execute(work.READ, [number]).fetchall()[0]
    answer = _client.chat.completions.create(**work.body(text, name))
    with _connections.connection() as connection:
        connection.execute(work.WRITE, work.row(number, answer))


def submit(ids: list[int]) -> None:
    for number in ids:
        score.delay(number)


if __name__ == "__main__":
    work.obey(submit)
