"""The admin shows every table of ours and lets nobody change a row by hand."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from candidates.models import Draft
from jobs.execution import submit
from jobs.models import Halt, Job, JobStatus
from tests.makers import rows


def test_every_model_is_there() -> None:
    registered = {f"{m._meta.app_label}.{m._meta.model_name}" for m in admin.site._registry}
    ours = {f"{m._meta.app_label}.{m._meta.model_name}" for m in apps.get_models() if _is_ours(m)}

    # Pieces of files on their way have nothing to show; what people wrote or saved for themselves
    # is theirs.
    private = {
        "candidates.note",
        "candidates.rankingvisit",
        "candidates.savedfilter",
        "candidates.words",
    }
    unseen = {"candidates.piece", "candidates.descriptionfile"}
    unseen |= {
        f"candidates.{rows}count" for rows in ("candidate", "evaluation", "followup", "token")
    }
    unseen |= {"evaluator.failedlogin", "evaluator.storedfile", "jobs.runningtask"}
    assert ours - registered == unseen | private


@pytest.mark.slow
def test_every_list_and_every_row_opens_and_none_can_be_changed(as_sam: Client, job: Job) -> None:
    for model, page in admin.site._registry.items():
        if not _is_ours(model) or model is Halt:
            continue
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert as_sam.get(reverse(f"{name}_changelist"), {"q": "x"}).status_code == 200, name
        assert as_sam.get(reverse(f"{name}_add")).status_code == 403, name
        for row in model._default_manager.all()[:1]:
            where = reverse(f"{name}_change", args=[row.pk])
            assert as_sam.get(where).status_code == 200, name
            assert as_sam.post(where, {}).status_code == 403, name
            assert not page.has_delete_permission(as_sam.get(where).wsgi_request, row)


def test_the_lists_show_no_text_of_a_resume(as_sam: Client, draft: Draft) -> None:
    candidate = rows.candidate(draft, text="Canary sentence of a person")

    page = as_sam.get(reverse("admin:candidates_candidate_change", args=[candidate.pk]))

    assert page.status_code == 200
    assert "Canary sentence" not in page.text


def test_staff_may_cancel_a_job(as_sam: Client, job: Job) -> None:
    chosen = {"action": "cancel", "_selected_action": [job.pk]}
    page = as_sam.post(reverse("admin:jobs_job_changelist"), chosen)
    assert "Nobody else is scored." in page.text
    job.refresh_from_db()
    assert job.status == JobStatus.PENDING

    chosen["confirmed"] = "yes"
    page = as_sam.post(reverse("admin:jobs_job_changelist"), chosen, follow=True)

    assert "“Cancel this job” was done to 1." in page.text
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED


def test_staff_halt_the_whole_queue_and_let_it_go_on(as_sam: Client, job: Job) -> None:
    add = reverse("admin:jobs_halt_add")
    as_sam.post(add, {"reason": "The model server moves."})
    assert str(Halt.objects.get()) == "The model server moves."
    assert as_sam.get(add).status_code == 403  # one is enough

    gone = reverse("admin:jobs_halt_delete", args=[Halt.objects.get().pk])
    as_sam.post(gone, {"post": "yes"})
    assert not Halt.objects.exists()


def test_staff_pause_a_job_and_let_it_go_on(as_sam: Client, job: Job) -> None:
    for action in ("pause", "resume"):
        chosen = {"action": action, "_selected_action": [job.pk], "confirmed": "yes"}
        page = as_sam.post(reverse("admin:jobs_job_changelist"), chosen, follow=True)
        assert "was done to 1." in page.text
        job.refresh_from_db()
        assert job.is_paused == (action == "pause")


def test_staff_who_may_only_look_cannot_cancel(job: Job, eve: User) -> None:
    eve.is_staff = True
    eve.save(update_fields=["is_staff"])
    eve.user_permissions.add(Permission.objects.get(codename="view_job"))
    client = Client()
    client.force_login(eve)
    chosen = {"action": "cancel", "_selected_action": [job.pk], "confirmed": "yes"}

    client.post(reverse("admin:jobs_job_changelist"), chosen, follow=True)

    job.refresh_from_db()
    assert job.status == JobStatus.PENDING


@pytest.fixture
def job(draft: Draft) -> Job:
    rows.candidate(draft)
    return submit.submit(draft, draft.owner)


def _is_ours(model: type) -> bool:
    return model.__module__.split(".")[0] in ("candidates", "jobs", "evaluator")
