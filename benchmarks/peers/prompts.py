"""The prompt about one résumé, made from this project's own parts."""

from candidates.scoring import attacks
from candidates.scoring.engines.openai import prompt
from candidates.scoring.redact import redact
from candidates.scoring.rubric import Rubric


def message(rubric: Rubric, text: str, name: str) -> str:
    """The last message, which is the only one that differs between résumés."""
    neutral = attacks.neutral(redact(text, name))
    return prompt.resume(prompt.scoring(rubric), prompt.visible(neutral))["content"]
