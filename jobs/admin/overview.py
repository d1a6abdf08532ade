"""The overview in the admin: the state of the system, its problems, and its past as charts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from candidates.admin import ReadOnly
from candidates.pages import durations, live
from jobs.models import Period
from jobs.monitoring import overview, problems
from jobs.monitoring.overview import ChartStep, ChartWindow

CHART_WIDTH, CHART_HEIGHT = 600, 120  # in units of the chart's own
MAX_REASONS_SHOWN = 10
NO_VALUE = "–"


@admin.register(Period)
class OverviewAdmin(ReadOnly):
    """Shows the page that periods are kept for, in place of a list of them."""

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
            return _part_response(request, "troubles", {"problems": problems.system_problems()})
        chosen = request.GET.get("over", "hour")
        window = ChartWindow[chosen.upper()] if chosen in CHART_WINDOWS else ChartWindow.HOUR
        state = overview.system_state()
        hosts = overview.host_states(state.now)
        context = {
            "problems": problems.system_problems(),
            "state": state,
            "oldest": durations.rough(state.oldest_wait),
            "errors": _percentage(state.calls_failed, state.calls),
            "busy": _percentage(state.calls_busy, state.calls),
            "hosts": [(host, durations.rough(host.canary_age) or NO_VALUE) for host in hosts],
            "past": PastCharts(overview.past(window, state.now), window),
            "over": window.name.lower(),
            "windows": [(name, label()) for name, label in CHART_WINDOWS.items()],
            "disk": problems.data_disk(),
        }
        if live.is_refresh(request):
            return _part_response(request, "overview", context)
        context |= self.admin_site.each_context(request)
        context |= {"title": _("Overview"), "opts": self.opts, **(extra_context or {})}
        return render(request, "admin/jobs/overview.html", context)


CHART_WINDOWS: dict[str, Callable[[], str]] = {
    "hour": lambda: _("the last hour"),
    "day": lambda: _("the last day"),
    "month": lambda: _("the last 30 days"),
}


@never_cache
def _part_response(request: HttpRequest, part: str, context: dict[str, Any]) -> HttpResponse:
    """A part of the page alone, and 304 where it would be the same."""
    response = render(request, f"admin/jobs/overview.html#{part}", context)
    tag = live.etag(live.digest(response.content))
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    response.headers["ETag"] = tag
    return response


@dataclass(frozen=True, slots=True)
class Chart:
    """`top` is the value of the full height, `summary` the chart in words; `bars`, and `inner` bars
    in front of them, are paths of SVG: quicker than a shape for each bar."""

    title: str
    summary: str
    top: str
    bars: str
    inner: str


class PastCharts:
    """The past as it is shown: charts, the same as a table, and reasons."""

    def __init__(self, past: overview.Past, window: ChartWindow) -> None:
        self.past = past
        self.window = window
        self.steps = past.steps
        self.tokens_today, self.cost_today = past.today
        self.tokens_month, self.cost_month = past.month
        self.reasons = past.reasons()[:MAX_REASONS_SHOWN]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "when": self._when(step.start),
                "completed": step.completed,
                "failed": step.failed,
                "p50": _measured(step.p50),
                "p95": _measured(step.p95),
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
        highest = max((step.p95 or 0 for step in self.steps), default=0)
        slowest = max(self.steps, key=lambda step: step.p95 or 0)
        return Chart(
            _("Completion times: half of the jobs (inner bar) and 95 % of them"),
            _("The slowest (%(when)s): 95 %% of the jobs within %(time)s.")
            % {"time": _measured(highest), "when": self._when(slowest.start)}
            if highest
            else _("No job was completed."),
            _measured(highest),
            _bars([(step.p95 or 0) / (highest or 1) for step in self.steps]),
            _bars([(step.p50 or 0) / (highest or 1) for step in self.steps]),
        )

    def _failures(self) -> Chart:
        unscored = self.past.total("unscored")
        total = unscored + self.past.total("scored")
        return Chart(
            _("Share of résumés that got no score"),
            _("%(bad)d of %(all)d résumés got no score.") % {"bad": unscored, "all": total},
            "100 %",
            _bars([_share(step) for step in self.steps]),
            "",
        )

    def _scored(self) -> Chart:
        highest = max(step.scored for step in self.steps)
        return Chart(
            _("Résumés scored"),
            _("%(number)d résumés were scored.") % {"number": self.past.total("scored")},
            number_format(highest, force_grouping=True),
            _bars([step.scored / (highest or 1) for step in self.steps]),
            "",
        )

    def _when(self, moment: datetime) -> str:
        is_day = self.window is ChartWindow.MONTH
        return date_format(
            timezone.localtime(moment), "SHORT_DATE_FORMAT" if is_day else "TIME_FORMAT"
        )

    @property
    def first(self) -> str:
        return self._when(self.steps[0].start)

    @property
    def last(self) -> str:
        return self._when(self.steps[-1].start)


def _bars(heights: Sequence[float]) -> str:
    """A path of one bar for each height, 0 to 1, side by side."""
    width = CHART_WIDTH / len(heights)
    return "".join(
        f"M{number * width + 1:.1f} {CHART_HEIGHT}v{-CHART_HEIGHT * height:.1f}"
        f"h{width - 2:.1f}V{CHART_HEIGHT}z"
        for number, height in enumerate(heights)
        if height > 0
    )


def _share(step: ChartStep) -> float:
    return step.unscored / (step.scored + step.unscored or 1)


def _percent(step: ChartStep) -> str:
    total = step.scored + step.unscored
    return _percentage(step.unscored, total) if total else ""


def _percentage(part: int, total: int) -> str:
    return f"{number_format(100 * part / (total or 1), 1)} %"


def _measured(seconds: float | None) -> str:
    return durations.short(seconds, decimals=1) or NO_VALUE
