"""procrastinate: a task for each résumé in PostgreSQL, coroutines as its workers."""

import asyncio
import sys

import openai
import procrastinate
from procrastinate.types import JSONDict
from psycopg_pool import AsyncConnectionPool

from . import CONCURRENCY, work

_connector = procrastinate.PsycopgConnector(kwargs=work.DATABASE)
app = procrastinate.App(connector=_connector)
_client = openai.AsyncOpenAI(**work.CLIENT)
# One connection a coroutine would be 64; none is held during a call.
_connections = AsyncConnectionPool(kwargs=work.DATABASE, min_size=4, max_size=16, open=False)


@app.task(name="score")
async def score(number: int) -> None:
    async with _connections.connection() as connection:
        cursor = await connection.execute(work.READ, [number])
        text, name = (await cursor.fetchall())[0]
    answer = await _client.chat.completions.create(**work.body(text, name))
    async with _connections.connection() as connection:
        await connection.execute(work.WRITE, work.row(number, answer))


def submit(ids: list[int]) -> None:
    tasks: list[JSONDict] = [{"number": number} for number in ids]
    score.batch_defer(*tasks)


async def _work() -> None:
    async with app.open_async(), _connections:
        await app.run_worker_async(concurrency=CONCURRENCY)


if __name__ == "__main__":
    if sys.argv[1:] == ["work"]:
        asyncio.run(_work())
    else:
        # Synchronous, as a web request is.
        sync = procrastinate.SyncPsycopgConnector(kwargs=work.DATABASE)
        with app.replace_connector(sync), app.open():
            app.schema_manager.apply_schema()
            work.obey(submit)
