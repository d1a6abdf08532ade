"""In the reader's language: `{{ job.error|sentence }}`, `{{ criterion|criterion_name }}`.

A reason that may be about a criterion takes the rubric: `{{ evaluation.error|sentence:rubric }}`.
"""

import json

from django import template

from candidates import reasons
from candidates.facts.reason import Reason
from candidates.reading.problems import Problem
from candidates.reasons import criterion_name
from candidates.scoring.rubric import Rubric

register = template.Library()
register.filter("criterion_name", criterion_name)


@register.filter
def sentence(reason: Reason | Problem | None, rubric: Rubric | None = None) -> str:
    return reasons.sentence(reason, rubric.by_key() if rubric else reasons.NO_CRITERIA)


@register.filter
def as_json(reason: Reason) -> str:
    """For a form that names the reason."""
    return json.dumps(reason.to_json())
