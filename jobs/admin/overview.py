"""The admin's front page for jobs: how everything is, what is wrong, and how it was."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from candidates.admin import ReadOnly
from candidates.pages import live
from jobs.models import Period
from jobs.monitoring import overview, problems
from jobs.monitoring.history import Figures
from jobs.monitoring.overview import Host, Over

WIDTH, HEIGHT = 600, 120  # of a chart, in its own units


@admin.register(Period)
class OverviewAdmin(ReadOnly):
    """The list of periods is shown as the page that they are there for."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("jobs.view_job")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.GET.get("part") == "troubles":
            return _answer(request, "troubles", {"troubles": problems.troubles()})
        chosen = request.GET.get("over", "hour")
        over = Over[chosen.upper()] if chosen in WINDOWS else Over.HOUR
        now = overview.now()
        context = {
            "troubles": problems.troubles(),
            "now": now,
            "oldest": age(now.oldest),
            "errors": _part(now.errors, now.calls),
            "busy": _part(now.busy, now.calls),
            "hosts": [_Row(host) for host in overview.hosts(now.at)],
            "past": _Shown(overview.past(over, now.at), over),
            "over": over.name.lower(),
            "windows": [(name, told()) for name, told in WINDOWS.items()],
            "disk": problems.disk_free(),
        }
        if live.is_refresh(request):
            return _answer(request, "overview", context)
        context |= self.admin_site.each_context(request)
        context |= {"title": _("Overview"), "opts": self.opts, **(extra_context or {})}
        return render(request, "admin/jobs/overview.html", context)


WINDOWS: dict[str, Callable[[], str]] = {
    "hour": lambda: _("the last hour"),
    "day": lambda: _("the last day"),
    "month": lambda: _("the last 30 days"),
}


@never_cache
def _answer(request: HttpRequest, part: str, context: dict[str, Any]) -> HttpResponse:
    """The part alone, and nothing at all where it would be the same."""
    answer = render(request, f"admin/jobs/overview.html#{part}", context)
    tag = live.etag(live.digest(answer.content))
    if request.headers.get("If-None-Match") == tag:
        answer = HttpResponse(status=304)
    answer.headers["ETag"] = tag
    return answer


class _Row:
    """A host as it is shown."""

    def __init__(self, host: Host) -> None:
        self.host = host.heartbeat
        self.is_there = host.is_there
        self.canary = age(host.canary)
        self.is_late = host.canary is None or host.canary > problems.CANARY_LATE.total_seconds()
        self.lanes = host.lanes
        self.idle = max(0, host.heartbeat.workers - len(host.lanes))


@dataclass(frozen=True, slots=True)
class Chart:
    """`top` is what its full height stands for, `summary` what there is to see in words; `bars` and
    those in front of them, `inner`, are paths of SVG: quicker than a shape for each."""

    title: str
    summary: str
    top: str
    bars: str
    inner: str


class _Shown:
    """The past as it is shown: charts, the same as a table, and reasons."""

    def __init__(self, past: overview.Past, over: Over) -> None:
        self.past = past
        self.over = over
        self.steps = past.steps
        self.tokens_today, self.cost_today = past.today
        self.tokens_month, self.cost_month = past.month
        self.reasons = past.reasons()[:10]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "when": self._when(step.start),
                "completed": step.completed,
                "failed": step.failed,
                "p50": _seconds(step.p50),
                "p95": _seconds(step.p95),
                "scored": step.scored,
                "unscored": step.unscored,
                "share": _percent(step),
                "calls": step.calls,
            }
            for step in reversed(self.steps)
        ]

    @cached_property
    def charts(self) -> list[Chart]:
        return [self._times(), self._failures(), self._scored()]

    def _times(self) -> Chart:
        most = max((step.p95 or 0 for step in self.steps), default=0)
        worst = max(self.steps, key=lambda step: step.p95 or 0)
        return Chart(
            _("Completion times: half of the jobs (inner bar) and 95 % of them"),
            _("The slowest: 95 %% of the jobs within %(time)s, %(when)s.")
            % {"time": _seconds(most), "when": self._when(worst.start)}
            if most
            else _("No job was completed."),
            _seconds(most),
            _bars([(step.p95 or 0) / (most or 1) for step in self.steps]),
            _bars([(step.p50 or 0) / (most or 1) for step in self.steps]),
        )

    def _failures(self) -> Chart:
        bad, all_ = self.past.total("unscored"), self.past.total("unscored")
        all_ += self.past.total("scored")
        return Chart(
            _("Share of résumés that got no score"),
            _("%(bad)d of %(all)d résumés got no score.") % {"bad": bad, "all": all_},
            "100 %",
            _bars([_share(step) for step in self.steps]),
            "",
        )

    def _scored(self) -> Chart:
        most = max(step.scored for step in self.steps)
        return Chart(
            _("Résumés scored"),
            _("%(number)d résumés were scored.") % {"number": self.past.total("scored")},
            f"{most:,}",
            _bars([step.scored / (most or 1) for step in self.steps]),
            "",
        )

    def _when(self, at: datetime) -> str:
        at = timezone.localtime(at)
        return date_format(at, "SHORT_DATE_FORMAT" if self.over is Over.MONTH else "TIME_FORMAT")

    @property
    def first(self) -> str:
        return self._when(self.steps[0].start)

    @property
    def last(self) -> str:
        return self._when(self.steps[-1].start)


def _bars(heights: Sequence[float]) -> str:
    """A path of one bar for each height, 0 to 1, side by side."""
    wide = WIDTH / len(heights)
    return "".join(
        f"M{number * wide + 1:.1f} {HEIGHT}v{-HEIGHT * height:.1f}h{wide - 2:.1f}V{HEIGHT}z"
        for number, height in enumerate(heights)
        if height > 0
    )


def _share(step: Figures) -> float:
    return step.unscored / (step.scored + step.unscored or 1)


def _percent(step: Figures) -> str:
    return _part(step.unscored, step.scored + step.unscored) if step.scored + step.unscored else ""


def _part(some: int, all_: int) -> str:
    return f"{100 * some / (all_ or 1):.1f} %"


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    seconds = max(0.0, seconds)
    if seconds < 60:
        return f"{seconds:.1f} s"
    return str(timedelta(seconds=round(seconds)))


def age(seconds: float | None) -> str:
    """In words that change no more often than they have to; "–" for None."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return _("a few seconds")
    if seconds < 100:
        return _("%(number)d s") % {"number": seconds // 10 * 10}
    return str(timedelta(seconds=round(seconds / 60) * 60))
