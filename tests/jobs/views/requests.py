"""Addresses, headers and texts of pages, for the tests of views."""

from typing import Any

from django.test import Client
from django.urls import reverse

from candidates.models import Draft
from jobs.models import Job

HTMX = {"HX-Request": "true"}
JSON = {"Accept": "application/json"}


def url(name: str, thing: Draft | Job) -> str:
    return reverse(f"jobs:{name}", args=[thing.public_id])


def page_of(job: Job, client: Client) -> Any:
    return client.get(job.get_absolute_url())


def words(page: Any) -> str:
    return " ".join(page.text.split())
