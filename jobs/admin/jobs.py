"""Jobs in the admin: how far each is, what went wrong with it, and the actions of staff on it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from candidates.models import Analysis, Event
from candidates.models.analysis import OPEN_EVALUATION_STATUSES, EvaluationStatus
from candidates.pages import durations
from candidates.pages.activity import details
from candidates.reasons import sentence
from jobs.execution import control, pause, submit
from jobs.execution.progress import JobProgress, progress_by_analysis
from jobs.models import FINISHED_JOB_STATUSES, Halt, Job, Lane
from jobs.models.job import Priority
from jobs.monitoring import errors

from .actions import MAX_ROWS, StaffAction, StaffActionAdmin, warn_of_more
from .filters import AgeFilter, EngineFilter, OwnerFilter, ReasonFilter, StateFilter

MAX_EVENTS_SHOWN = MAX_FAILURES_SHOWN = 100
MAX_ATTEMPTS_SHOWN = 50
POLL_SECONDS = 5  # while something on the page is under way
# Templates for these would take half of a list's time.
INLINE, OUT_OF_BAND = mark_safe(""), mark_safe(' hx-swap-oob="true"')
STATE_HTML = '<span class="job-state {}" id="state-{}"{}>{}</span>'
NO_PROGRESS_HTML = '<span class="job-progress" id="progress-{}"{}>–</span>'
PROGRESS_HTML = (
    '<span class="job-progress" id="progress-{}"{}>'
    '<progress max="{}" value="{}" aria-label="{}"></progress> {}</span>'
)


def _retry(only_failed: bool) -> Callable[[Job, Any, HttpRequest], bool]:  # noqa: FBT001
    def retry(job: Job, user: Any, request: HttpRequest) -> bool:
        submit.retry(job, job.requested_by, only_failed=only_failed, by=user)
        return True

    return retry


STAFF_ACTIONS = (
    StaffAction(
        "cancel",
        "jobs.cancel_job",
        gettext_lazy("Cancel this job"),
        gettext_lazy("Cancel the selected jobs"),
        gettext_lazy("Nobody else is scored. Scores made so far stay, and can be retried from."),
        lambda jobs: jobs.open(),
        lambda job, user, _: submit.cancel(job, user),
    ),
    StaffAction(
        "pause",
        "jobs.pause_job",
        gettext_lazy("Pause this job"),
        gettext_lazy("Pause the selected jobs"),
        gettext_lazy("Answers that are on their way are still written. Nothing else is asked."),
        lambda jobs: jobs.active(),
        lambda job, user, _: pause.pause_job(job, user),
    ),
    StaffAction(
        "resume",
        "jobs.pause_job",
        gettext_lazy("Resume this job"),
        gettext_lazy("Resume the selected jobs"),
        gettext_lazy("It goes on where it stopped."),
        lambda jobs: jobs.open().filter(paused_at__isnull=False),
        lambda job, user, _: pause.resume_job(job, user),
    ),
    StaffAction(
        "retry",
        "jobs.retry_job",
        gettext_lazy("Retry all that has no score"),
        gettext_lazy("Retry all that has no score in the selected jobs"),
        gettext_lazy(
            "A new job of the same person scores the failed résumés and those never reached, and "
            "asks again for failed insights. What has a score keeps it. Calls may cost money."
        ),
        lambda jobs: jobs.filter(status__in=FINISHED_JOB_STATUSES),
        _retry(only_failed=False),
    ),
    StaffAction(
        "retry_failed",
        "jobs.retry_job",
        gettext_lazy("Retry only failed résumés"),
        gettext_lazy("Retry only failed résumés of the selected jobs"),
        gettext_lazy(
            "A new job of the same person scores the failed résumés again; where none has failed "
            "there is no new job. What has a score keeps it. Calls may cost money."
        ),
        lambda jobs: jobs.filter(status__in=FINISHED_JOB_STATUSES),
        _retry(only_failed=True),
    ),
    StaffAction(
        "requeue",
        "jobs.requeue_job",
        gettext_lazy("Send this job to the queue again"),
        gettext_lazy("Send the selected jobs to the queue again"),
        gettext_lazy("A fresh message wakes a worker. One that a worker is at is left alone."),
        lambda jobs: jobs.active().exclude(
            pk__in=Lane.objects.running().filter(job__isnull=False).values("job")
        ),
        lambda job, user, _: control.requeue(job, user),
    ),
    StaffAction(
        "raise_priority",
        "jobs.prioritise_job",
        gettext_lazy("Raise the priority"),
        gettext_lazy("Raise the priority of the selected jobs"),
        gettext_lazy("Of high priority, a job goes before all others for as long as it lasts."),
        lambda jobs: jobs.open().filter(priority__lt=Priority.HIGH),
        lambda job, user, _: control.prioritise(job, user, 1),
    ),
    StaffAction(
        "lower_priority",
        "jobs.prioritise_job",
        gettext_lazy("Lower the priority"),
        gettext_lazy("Lower the priority of the selected jobs"),
        gettext_lazy("Of low priority, a job makes room for all others, for a minute at a time."),
        lambda jobs: jobs.open().filter(priority__gt=Priority.LOW),
        lambda job, user, _: control.prioritise(job, user, -1),
    ),
)


class JobList(ChangeList):
    """The list, whose rows have their progress."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        add_progress(self.result_list)
        self.watched = [job.pk for job in self.result_list if job.is_open]
        self.halt = Halt.objects.select_related("by").first()


def add_progress(jobs: Any) -> None:
    """Write into each job how far its analysis is, counted from the evaluations. One query."""
    progress = progress_by_analysis(jobs)
    for job in jobs:
        job.progress = progress[job.analysis_id]


def _ids(term: str) -> tuple[UUID, UUID] | None:
    """The least and the greatest id that begin as `term`; None where it is not the beginning of an
    id, of which lists show eight characters."""
    digits = term.replace("-", "").lower()
    if not 8 <= len(digits) <= 32 or not set(digits) <= set("0123456789abcdef"):
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


@admin.register(Job)
class JobAdmin(StaffActionAdmin):
    staff_actions = STAFF_ACTIONS
    list_display = ["title", "owner", "state", "progress", "rank", "created", "took"]
    list_filter = (StateFilter, OwnerFilter, EngineFilter, AgeFilter, ReasonFilter)
    search_fields = ["public_id"]
    search_help_text = gettext_lazy("The id of a job, or words of its title, or of a person.")
    ordering = ["-created_at"]
    list_per_page = 25
    readonly_fields = [
        "public_id", "title", "owner", "asker", "state", "progress", "rank", "error_code",
        "failed_for", "pause_code", "paused_for", "created_at", "started_at", "ranked_at",
        "completed_at",
    ]  # fmt: skip
    fields = tuple(readonly_fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        jobs: QuerySet[Any] = super().get_queryset(request)
        return jobs.select_related("analysis__draft__owner", "requested_by")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return JobList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Job], search_term: str
    ) -> tuple[QuerySet[Job], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if (between := _ids(term)) is not None:
            return queryset.filter(public_id__range=between), False
        titled = Analysis.objects.filter(title__icontains=term).values("pk")
        of_people = Analysis.objects.filter(
            Q(draft__owner__username__icontains=term) | Q(draft__owner__email__icontains=term)
        )
        matching = titled.union(of_people.values("pk"))
        return queryset.filter(analysis__in=matching), False

    @admin.display(description=gettext_lazy("job"), ordering="analysis__title")
    def title(self, job: Job) -> str:
        return f"{job.analysis.title} · {str(job.public_id)[:8]}"

    @admin.display(description=gettext_lazy("owner"), ordering="analysis__draft__owner__username")
    def owner(self, job: Job) -> str:
        return job.analysis.draft.owner.get_username()

    @admin.display(description=gettext_lazy("By"))
    def asker(self, job: Job) -> str:
        return job.requested_by.get_username()

    @admin.display(description=gettext_lazy("state"), ordering="status")
    def state(self, job: Job) -> Any:
        return state(job)

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, job: Job) -> Any:
        return progress(job)

    @admin.display(description=gettext_lazy("error"))
    def failed_for(self, job: Job) -> str:
        return sentence(job.error)

    @admin.display(description=gettext_lazy("pause reason"))
    def paused_for(self, job: Job) -> str:
        return sentence(job.pause_reason)

    @admin.display(description=gettext_lazy("priority"), ordering="priority")
    def rank(self, job: Job) -> str:
        return job.get_priority_display()

    @admin.display(description=gettext_lazy("asked for"), ordering="created_at")
    def created(self, job: Job) -> str:
        return date_format(localtime(job.created_at), "SHORT_DATETIME_FORMAT")

    @admin.display(description=gettext_lazy("took"))
    def took(self, job: Job) -> str:
        return durations.short(job.took)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("progress/", wrap(self.progress_view), name="jobs_job_progress"),
            path("errors/", wrap(self.errors_view), name="jobs_job_errors"),
            path("errors/retry/", wrap(self.retry_view), name="jobs_job_retry_errors"),
            *super().get_urls(),
        ]

    def progress_view(self, request: HttpRequest) -> HttpResponse:
        """The states and bars of the jobs that a list watches, each to be put in its place."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        ids = [int(pk) for pk in request.GET.getlist("job") if pk.isdecimal() and len(pk) < 19]
        jobs = list(Job.objects.filter(pk__in=ids[: self.list_per_page]))
        add_progress(jobs)
        watched = [job.pk for job in jobs if job.is_open]
        parts = [part(job, OUT_OF_BAND) for job in jobs for part in (state, progress)]
        context = {"parts": parts, "watched": watched, "every": POLL_SECONDS}
        return render(request, "admin/jobs/job/watch.html", context)

    def errors_view(self, request: HttpRequest) -> HttpResponse:
        """What went wrong in the last week, of all jobs."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return TemplateResponse(
            request,
            "admin/jobs/job/errors.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Errors"),
                "opts": self.opts,
                "groups": errors.error_groups(),
                "windows": errors.ERROR_WINDOWS,
                "may_retry": request.user.has_perm("jobs.retry_job"),
            },
        )

    def retry_view(self, request: HttpRequest) -> HttpResponse:
        """Retry all that failed for one reason within one window: asks first."""
        if not (self.has_view_permission(request) and request.user.has_perm("jobs.retry_job")):
            raise PermissionDenied
        values = request.POST if request.method == "POST" else request.GET
        window = values.get("window", "")
        try:
            key = errors.ErrorKey.parse(values.get("reason", ""))
        except ValueError as error:
            raise Http404 from error
        if window not in errors.ERROR_WINDOWS or not key.can_retry:
            raise Http404
        matching = errors.latest_jobs(errors.jobs_with(key, window))
        job_id = values.get("job", "")
        if job_id:  # what failed for that reason in one analysis
            chosen = Job.objects.filter(pk=job_id if job_id.isdecimal() and len(job_id) < 19 else 0)
            matching = matching.filter(analysis__in=chosen.values("analysis"))
        jobs = list(
            matching.select_related("analysis__draft__owner", "requested_by")[: MAX_ROWS + 1]
        )
        if request.method == "POST":
            return self._retry_all(request, jobs, key)
        consequence = _(
            "What failed with “%s” is tried again, by a new job for each "
            "analysis. Those under way are left alone. Calls may cost money."
        ) % sentence(key.reason())
        fields = [("reason", str(key)), ("window", window), ("job", job_id)]
        back_url = reverse("admin:jobs_job_errors")
        title = _("Retry all that match")
        return self.confirm(request, jobs, title, consequence, fields, back_url)

    def _retry_all(
        self, request: HttpRequest, jobs: list[Job], key: errors.ErrorKey
    ) -> HttpResponse:
        retried = 0
        failed_for = key.reason() if key.error_class == "scoring" else None
        for job in jobs[:MAX_ROWS]:
            try:
                submit.retry(job, job.requested_by, failed_for, by=request.user)  # type: ignore[arg-type]
                retried += 1
            except submit.CannotRun as error:
                self.message_user(
                    request, f"{self.row_label(job)}: {sentence(error.reason)}", messages.WARNING
                )
        message = ngettext("%s job is retried.", "%s jobs are retried.", retried) % retried
        self.message_user(request, message, messages.SUCCESS if retried else messages.WARNING)
        if len(jobs) > MAX_ROWS:
            warn_of_more(self, request)
        return redirect("admin:jobs_job_errors")

    def row_label(self, row: Job) -> str:
        return f"{self.title(row)} ({self.owner(row)})"

    def detail_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        job, analysis = row, row.analysis
        add_progress([job])
        runs = analysis.jobs.values("public_id")
        events = Event.objects.filter(draft=analysis.draft_id, about__in=runs)
        events = events.select_related("actor").order_by("-created_at", "-pk")[:MAX_EVENTS_SHOWN]
        attempts = analysis.jobs.select_related("requested_by")
        failures = analysis.evaluations.filter(
            Q(status=EvaluationStatus.FAILED)
            | Q(status__in=OPEN_EVALUATION_STATUSES, attempts__gte=1)
        )
        return {
            "job": job,
            "watched": [job.pk] if job.is_open else [],
            "every": POLL_SECONDS,
            "events": [(event, details(event)) for event in events],
            "lanes": Lane.objects.filter(job=job).select_related("worker").order_by("pk"),
            "attempts": attempts.order_by("-created_at")[:MAX_ATTEMPTS_SHOWN],
            "groups": errors.error_groups(analysis),
            "windows": errors.ERROR_WINDOWS,
            "may_retry": not job.is_open and request.user.has_perm("jobs.retry_job"),
            "failures": failures.order_by("-attempts", "pk")[:MAX_FAILURES_SHOWN],
        }


def state(job: Job, swap: SafeString = INLINE) -> SafeString:
    """Its state as an element; `swap` puts it in the place of an older one."""
    label = job.get_status_display()
    if job.is_paused:
        label = f"{label} · {_('paused')}"
    return format_html(STATE_HTML, job.status, job.pk, swap, label)


def progress(job: Any, swap: SafeString = INLINE) -> SafeString:
    """How far the job is, as a bar and in words; `add_progress` has counted it."""
    far: JobProgress = job.progress
    if not far.total:
        return format_html(NO_PROGRESS_HTML, job.pk, swap)
    words = [_("%(done)s of %(total)s") % {"done": far.done, "total": far.total}]
    if far.failed:
        words.append(_("%(number)s failed") % {"number": far.failed})
    if far.unreadable:
        words.append(_("%(number)s unreadable") % {"number": far.unreadable})
    return format_html(
        PROGRESS_HTML, job.pk, swap, far.total, far.done, _("Progress"), ", ".join(words)
    )
