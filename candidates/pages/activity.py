"""Events in words, in the reader's language.

An event stores ids, numbers and codes. The names of the objects that it is about are looked up when
it is shown, where they still exist.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import models
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from candidates.models import (
    Archive,
    Criterion,
    DescriptionFile,
    Event,
    EventVerb,
    Membership,
    SavedFilter,
)
from candidates.models.candidate import Verdict
from candidates.models.draft import Role
from candidates.reasons import sentence
from candidates.scoring.rubric import ROLE_NAME

# By public id, and of criteria by id.
type Names = Mapping[UUID | int, str]

PRIORITIES = {-1: gettext_lazy("low"), 0: gettext_lazy("normal"), 1: gettext_lazy("high")}
# Labels of jobs.models.schedule.Frequency, which lies above this package.
FREQUENCIES = {
    "off": pgettext_lazy("schedule", "off"),
    "daily": gettext_lazy("every day"),
    "weekly": gettext_lazy("every week"),
    "monthly": gettext_lazy("every month"),
    "cron": gettext_lazy("by a cron expression"),
}
NAMED_BY: dict[type[models.Model], tuple[str, tuple[EventVerb, ...]]] = {
    Membership: ("email", (EventVerb.SHARED, EventVerb.ROLE_CHANGED, EventVerb.SHARING_ENDED)),
    Archive: ("filename", (EventVerb.ARCHIVE_ADDED, EventVerb.ARCHIVE_REMOVED)),
    DescriptionFile: ("filename", (EventVerb.DESCRIPTION_UPLOADED,)),
    SavedFilter: ("name", (EventVerb.FILTER_SAVED, EventVerb.FILTER_REMOVED)),
}
OF_FILES = (
    EventVerb.FILES_ADDED,
    EventVerb.FILES_READ_AGAIN,
    EventVerb.UNREADABLE_FILES_REMOVED,
    EventVerb.FILES_MERGED,
    EventVerb.FILES_KEPT_APART,
)


def describe(event: Event, names: Names | None = None) -> str:
    """The event in one line, such as “Paused by alice”; `names` as `details` takes them."""
    verb = event.get_verb_display()
    if event.actor:
        verb = _("%(verb)s by %(name)s") % {"verb": verb, "name": event.actor.get_username()}
    more = details(event, names)
    return f"{verb}: {more}" if more else str(verb)


def details(event: Event, names: Names | None = None) -> str:
    """What the event's parameters say; "" where there are none.

    `names` are those of `names_for` all events that are shown. Without them they are looked up for
    this event, in at most one query.
    """
    if names is None:
        names = names_for([event])
    name = names.get(event.about, "") if event.about else ""
    words = ", ".join(filter(None, (name, _details(event, names))))
    return ": ".join(filter(None, (words, sentence(event.reason))))


def names_for(events: Iterable[Event]) -> dict[UUID | int, str]:
    """The names of the objects that the events are about, as far as they still exist.

    A query for each kind of object that occurs among them.
    """
    events = list(events)
    names: dict[UUID | int, str] = {}
    for model, (field, verbs) in NAMED_BY.items():
        ids = {event.about for event in events if event.verb in verbs}
        if ids:
            rows = model._default_manager.filter(public_id__in=ids)
            names.update(rows.values_list("public_id", field))
    criteria = {pk for event in events for pk, *_weights in event.params.get("weights", ())}
    if criteria:
        names.update(Criterion.objects.filter(pk__in=criteria).values_list("pk", "name"))
    return names


def _details(event: Event, names: Names) -> str:
    params: dict[str, Any] = event.params
    verb = EventVerb(event.verb)
    if verb == EventVerb.COMPLETED and params:
        return _("%(scored)s of %(total)s scored") % {
            "scored": number_format(params["scored"]),
            "total": number_format(params["total"]),
        }
    if verb == EventVerb.RETRIED and params:
        return _("%(number)s failed") % {"number": number_format(params["failed"])}
    if verb == EventVerb.REPEATS_REQUESTED and params:
        return _("%(number)s résumés") % {"number": number_format(params["count"])}
    if verb == EventVerb.DECIDED and params:
        return ngettext(
            "%(number)s candidate: %(verdict)s",
            "%(number)s candidates: %(verdict)s",
            params["count"],
        ) % {
            "number": number_format(params["count"]),
            "verdict": Verdict(params["verdict"]).label,
        }
    if verb == EventVerb.DECISION_UNDONE and params:
        return ngettext("%(number)s candidate", "%(number)s candidates", params["count"]) % {
            "number": number_format(params["count"])
        }
    if verb in OF_FILES and params:
        return ngettext("%(number)s file", "%(number)s files", params["count"]) % {
            "number": number_format(params["count"])
        }
    if verb == EventVerb.WEIGHTS_CHANGED:
        return _weights(params, names)
    return _words_for_any_verb(params)


def _weights(params: dict[str, Any], names: Names) -> str:
    changes = [
        (names.get(pk) or _("a criterion that has been removed"), before, after)
        for pk, before, after in params.get("weights", ())
    ]
    if "role" in params:
        changes.append((_(ROLE_NAME), *params["role"]))
    return "; ".join(
        _("%(name)s: %(before)s to %(after)s") % {"name": name, "before": before, "after": after}
        for name, before, after in changes
    )


def _words_for_any_verb(params: dict[str, Any]) -> str:
    """Parameters that say the same with every verb."""
    if "role" in params:
        return str(Role(params["role"]).label)
    if "priority" in params:
        return str(PRIORITIES[params["priority"]])
    if "evaluation" in params:
        return _("evaluation %(id)s") % {"id": params["evaluation"]}
    if "copy_of" in params:
        return _("a copy")
    if "format" in params:
        return str(params["format"]).upper()
    if "frequency" in params:
        frequency = str(FREQUENCIES[params["frequency"]])
        return f"{frequency} ({params['cron']})" if params["cron"] else frequency
    return ""
