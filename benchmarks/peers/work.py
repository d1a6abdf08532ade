"""What every peer does for one résumé: its row, the prompt, the answer's row.

The place, where database, model server and rubric are, comes in the environment as JSON.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from openai.types.chat import ChatCompletion

from candidates.scoring.engines.openai import prompt
from candidates.scoring.rubric import Rubric

from .prompts import message

PLACE = "BENCH_PLACE"
MODEL = "scripted"
_place: dict[str, Any] = json.loads(os.environ[PLACE])
DATABASE: dict[str, Any] = _place["database"]  # host, user, dbname
REDIS: str = _place["redis"]
RUBRIC = Rubric.from_json(_place["rubric"])
# Its own retries would hide failures; the key is any text.
CLIENT: dict[str, Any] = {"api_key": "x", "base_url": _place["url"], "max_retries": 0}

READ = "SELECT text, name FROM resume WHERE id = %s"
WRITE = """
INSERT INTO score (resume_id, answer, prompt_tokens, completion_tokens) VALUES (%s, %s, %s, %s)
"""


def body(text: str, name: str) -> dict[str, Any]:
    """The request about one résumé: to the byte what this project's engine sends."""
    return ready(message(RUBRIC, text, name))


def ready(content: str) -> dict[str, Any]:
    """The same, where the last message is already made."""
    last = [{"role": "user", "content": content}]
    return prompt.scoring(RUBRIC).body(MODEL, "json_schema", last)


def row(number: int, answer: ChatCompletion) -> tuple[int, str, int, int]:
    """What is written of an answer. Raises ValueError when it is not JSON."""
    content = answer.choices[0].message.content or ""
    json.loads(content)
    spent = answer.usage
    return (
        number,
        content,
        spent.prompt_tokens if spent else 0,
        spent.completion_tokens if spent else 0,
    )


def obey(submit: Callable[[list[int]], object]) -> None:
    """Submit what each line of standard input asks for, as a JSON list of ids, until its end."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        submit(json.loads(line))
