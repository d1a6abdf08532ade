"""Pausing the queue, draining a host, taking out a résumé: each with a permission of its own."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from candidates.models import Draft, Evaluation, Event
from candidates.models.analysis import EvaluationStatus
from jobs.models import Halt, Heartbeat, Incident, JobStatus
from tests.makers import rows


def staff(user: User, *may: str) -> Client:
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    user.user_permissions.set(Permission.objects.filter(codename__in=may))
    client = Client()
    client.force_login(user)
    return client


def test_a_host_is_drained_and_resumed_by_who_may(eve: User, db: None) -> None:
    host = Heartbeat.objects.create(host="worker-1", pid=1, workers=2)
    url = reverse("admin:jobs_heartbeat_change", args=[host.pk])
    sent = {"CHANGE_FORM-action": "drain", "_selected_action": [host.pk], "confirmed": "yes"}
    staff(eve, "view_heartbeat").post(url, sent)
    assert not Heartbeat.objects.get().draining

    may = staff(eve, "view_heartbeat", "drain_heartbeat")
    assert "Drain this host" in may.get(url).text
    may.post(url, sent)
    assert Heartbeat.objects.get().draining
    assert "Let this host take work again" in may.get(url).text
    may.post(url, {**sent, "CHANGE_FORM-action": "end_drain"})

    assert not Heartbeat.objects.get().draining
    logged = LogEntry.objects.order_by("pk").values_list("user", "change_message")
    assert list(logged) == [(eve.pk, "Drained."), (eve.pk, "Takes work again.")]


def test_why_workers_were_replaced_is_told_in_the_language_of_the_reader(
    eve: User, db: None
) -> None:
    incident = Incident.objects.create(
        host="worker-1",
        heartbeat=1,
        kind="workers",
        reason_code="cluster_ended",
        reason_params={"exit_code": -9},
    )
    reader = staff(eve, "view_incident")

    for url in (
        reverse("admin:jobs_incident_changelist"),
        reverse("admin:jobs_incident_change", args=[incident.pk]),
    ):
        assert "ended with exit code -9." in reader.get(url).text
        german = reader.get(url, headers={"Accept-Language": "de"}).text
        assert "endete mit dem Exit-Code -9." in german
        assert "cluster_ended" not in german


def test_a_resume_that_stops_workers_is_taken_out_by_who_may(eve: User, draft: Draft) -> None:
    rows.candidate(draft)
    analysis = rows.analysis(draft, draft.owner)
    job = rows.job(analysis, JobStatus.PROCESSING)
    Evaluation.objects.enrol(analysis)
    Evaluation.objects.update(attempts=2)
    bad = Evaluation.objects.get()
    url = reverse("admin:candidates_evaluation_changelist")
    sent = {"action": "skip", "_selected_action": [bad.pk], "confirmed": "yes"}
    staff(eve, "view_evaluation").post(url, sent)
    assert Evaluation.objects.get().status == EvaluationStatus.WAITING

    may = staff(eve, "view_evaluation", "clear_evaluation")
    assert "was done to 1." in may.post(url, sent, follow=True).text

    assert Evaluation.objects.get().status == EvaluationStatus.FAILED
    assert Event.objects.get(about=job.public_id).actor == eve


@pytest.mark.parametrize("may", [(), ("view_halt",)])
def test_the_queue_is_paused_only_by_who_may(eve: User, may: tuple[str, ...]) -> None:
    add = reverse("admin:jobs_halt_add")
    assert staff(eve, *may).post(add, {"reason": "So."}).status_code == 403

    client = staff(eve, "view_halt", "add_halt")
    assert "Pause the whole queue" in client.get(add).text
    client.post(add, {"reason": "So."})

    gone = reverse("admin:jobs_halt_delete", args=[Halt.objects.get().pk])
    assert client.post(gone, {"post": "yes"}).status_code == 403
    client = staff(eve, "view_halt", "delete_halt")
    assert "Let the queue go on" in client.get(gone).text
    client.post(gone, {"post": "yes"})
    assert not Halt.objects.exists()
    assert LogEntry.objects.filter(user=eve).count() == 2
