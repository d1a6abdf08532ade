"""What is wrong, for the admin's own front page."""

from django import template

from jobs.monitoring import problems
from jobs.monitoring.problems import SystemProblem

register = template.Library()


@register.simple_tag
def system_problems() -> list[SystemProblem]:
    return problems.system_problems()
