"""The queue's own tables are shown, and what lies in them is never loaded."""

import base64
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django_q.models import Failure, OrmQ
from django_q.signing import SignedPackage


class Bomb:
    """Whoever loads it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.write_text, (self.path, "it went off")


@pytest.fixture
def trap(db: None, tmp_path: Path) -> Path:
    """A message and a failure, signed with our own key, that run code when they are loaded."""
    gone_off = tmp_path / "gone-off"
    bomb = Bomb(gone_off)
    OrmQ.objects.create(key="evaluator", payload=SignedPackage.dumps(bomb), lock=timezone.now())
    hostile = base64.b64encode(pickle.dumps(bomb)).decode()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_q_task (id, name, func, args, kwargs, result, started, stopped, "
            "success, attempt_count) VALUES (%s, 'n', 'jobs.tasks.score', %s, %s, %s, now(), "
            "now(), false, 1)",
            ["a" * 32, hostile, hostile, hostile],
        )
    return gone_off


def test_no_page_of_the_admin_loads_what_lies_in_the_queue(as_sam: Client, trap: Path) -> None:
    for model in (OrmQ, Failure):
        name = f"admin:django_q_{model._meta.model_name}"
        row = model.objects.values_list("pk", flat=True).get()
        for url in (
            reverse(f"{name}_changelist"),
            reverse(f"{name}_changelist", query={"q": "score"}),
            reverse(f"{name}_change", args=[row]),
            reverse(f"{name}_history", args=[row]),
        ):
            assert as_sam.get(url).status_code == 200, url
        assert as_sam.get(reverse(f"{name}_delete", args=[row])).status_code == 403
        chosen = {"action": "resubmit_task", "_selected_action": [row]}
        as_sam.post(reverse(f"{name}_changelist"), chosen, follow=True)
        chosen["action"] = "delete_selected"
        as_sam.post(reverse(f"{name}_changelist"), chosen, follow=True)
    assert as_sam.get(reverse("admin:index")).status_code == 200
    assert not trap.exists()
    assert OrmQ.objects.count() == 1


def test_the_trap_is_a_real_one(trap: Path) -> None:
    Failure.objects.get()

    assert trap.exists()


def test_a_message_with_our_signature_would_be_loaded(trap: Path) -> None:
    SignedPackage.loads(OrmQ.objects.get().payload)

    assert trap.exists()


def test_what_is_always_empty_has_no_page() -> None:
    for model in ("success", "schedule"):
        with pytest.raises(NoReverseMatch):
            reverse(f"admin:django_q_{model}_changelist")
    theirs = [model for model in admin.site._registry if model.__module__.startswith("django_q")]
    assert set(theirs) == {OrmQ, Failure}
