"""In the reader's language: `{{ sentence|told }}`, `{{ criterion|called }}`."""

from django import template

from candidates.told import called, told

register = template.Library()
register.filter("told", told)
register.filter("called", called)
