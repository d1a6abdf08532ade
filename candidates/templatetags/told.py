"""Sentences that are still stored as such, in the reader's language: `{{ rating.reason|told }}`."""

from django import template

from candidates.told import told

register = template.Library()
register.filter("told", told)
