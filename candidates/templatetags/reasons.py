"""In the reader's language: `{{ job.error|sentence }}`, `{{ criterion|criterion_name }}`."""

import json

from django import template

from candidates.facts.reason import Reason
from candidates.reasons import criterion_name, sentence

register = template.Library()
register.filter("sentence", sentence)
register.filter("criterion_name", criterion_name)


@register.filter
def as_json(reason: Reason) -> str:
    """For a form that names the reason."""
    return json.dumps(reason.to_json())
