"""What is wrong, for the admin's own front page."""

from django import template

from jobs.monitoring.problems import Trouble, troubles

register = template.Library()


@register.simple_tag(name="troubles")
def found() -> list[Trouble]:
    return troubles()
