"""The limit: no queue, one process, all calls in flight that there may be, rows at the end.

It makes its prompts as this project does, or with the argument `ready` finds them made.
"""

import asyncio
import sys
from typing import Any

import openai
import psycopg

from . import CONCURRENCY, work

TRIES = 10
FIRST_PAUSE_SECONDS = 0.25  # seconds before the second try, doubled with each

_runner = asyncio.Runner()
_client = openai.AsyncOpenAI(**work.CLIENT)


READY = sys.argv[1:] == ["ready"]
READ_ALL = "SELECT id, text, name, message FROM resume WHERE id = ANY(%s)"


def submit(ids: list[int]) -> None:
    with psycopg.connect(**work.DATABASE) as connection:
        resumes = connection.execute(READ_ALL, [ids]).fetchall()
        rows = _runner.run(_all(resumes))
        connection.cursor().executemany(work.WRITE, rows)


async def _all(resumes: list[tuple[Any, ...]]) -> list[tuple[int, str, int, int]]:
    slots = asyncio.Semaphore(CONCURRENCY)

    async def score(number: int, text: str, name: str, message: str) -> tuple[int, str, int, int]:
        async with slots:
            body = work.ready(message) if READY else work.body(text, name)
            return await _ask(number, body)

    return await asyncio.gather(*(score(*resume) for resume in resumes))


async def _ask(number: int, body: dict[str, Any]) -> tuple[int, str, int, int]:
    for tried in range(TRIES - 1):
        pause = FIRST_PAUSE_SECONDS * 2**tried
        try:
            return work.row(number, await _client.chat.completions.create(**body))
        except openai.APIStatusError as error:
            pause = float(error.response.headers.get("retry-after") or pause)
        except (openai.APIError, ValueError):  # the connection broke, or half an answer came
            pass
        await asyncio.sleep(pause)
    return work.row(number, await _client.chat.completions.create(**body))


if __name__ == "__main__":
    work.obey(submit)
