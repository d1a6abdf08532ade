"""The pages as somebody reads them who has chosen German: no English is left on any."""

import re
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import polib
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext, ngettext

from candidates.facts.flags import Flag, FlagKind
from candidates.facts.reason import FailureCode, Reason
from candidates.models import (
    Analysis,
    Candidate,
    Criterion,
    Draft,
    Evaluation,
    Membership,
    Preference,
)
from candidates.models.analysis import EvaluationStatus
from candidates.models.candidate import Verdict
from candidates.models.decision import Decision
from candidates.models.reason import error_columns
from candidates.pages.flags import OTHER_PAPERS
from candidates.reading import Problem
from candidates.scoring import insights
from candidates.scoring.engines import reasons
from candidates.scoring.scorecard import Quote, Rating, Scorecard
from jobs.models import Job, JobStatus, Notice, Notification, NotificationKind, Webhook
from jobs.models.retention import RetentionWarning
from jobs.notifications.compose import compose
from tests.makers import rows

ENGLISH_WORDS = re.compile(
    r"\b(?:the|of|is|are|and|to|with|for|this|your|you|has|have|by|from|yet|not|none|candidates?"
    r"|drafts?|files?|jobs?|résumés?|scores?|scored|failed|read|waiting|ranking|rating)\b",
    re.IGNORECASE,
)
SPOKEN_ATTRIBUTES = ("aria-label", "title", "placeholder", "alt")
# Names of their own: of the program, of what a file is called, of places.
NAMES = re.compile(r"Candidate Evaluator|[\w-]+\.(?:txt|zip|pdf)\b|\b[A-Z]+_[A-Z_]+\b")


class Visible(HTMLParser):
    """What a person sees or hears of a page, a string for each piece."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.hidden_depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden_depth += tag in ("script", "style", "optgroup", "kbd")
        for name, value in attrs:
            # Sentences that a script says later come from the page.
            if value and (name in SPOKEN_ATTRIBUTES or (name.startswith("data-") and " " in value)):
                self.texts.append(value)

    def handle_endtag(self, tag: str) -> None:
        self.hidden_depth -= tag in ("script", "style", "optgroup", "kbd")

    def handle_data(self, data: str) -> None:
        if not self.hidden_depth and data.strip():
            self.texts.append(" ".join(data.split()))


def english_in(page: str) -> list[str]:
    visible = Visible()
    visible.feed(page)
    return [text for text in visible.texts if ENGLISH_WORDS.search(NAMES.sub("", text))]


FLAGS = [
    *(Flag(kind, page=1) for kind in FlagKind),
    Flag(FlagKind.MISLABELLED, {"extension": "pdf", "actual": "text"}),
    Flag(FlagKind.HIDDEN_CHARACTERS, dict.fromkeys(FlagKind.HIDDEN_CHARACTERS.param_names, 2)),
    Flag(FlagKind.ATTACHMENT_UNREADABLE, {"problem": Problem.EMPTY.value}),
    Flag(FlagKind.ATTACHMENT_UNREADABLE, {"limit": 50}),
    Flag(FlagKind.ATTACHMENT_UNREADABLE, {"cause": "linked"}, file="a.pdf"),
    Flag(FlagKind.PAGES_NOT_RECOGNISED, {"pages": [2, 3, 5], "cause": "late"}),
    Flag(FlagKind.PAGES_NOT_RECOGNISED, {"pages": [2], "cause": "failed"}),
    Flag(FlagKind.RECOGNISED, {"confidence": 96}, 1),
    Flag(FlagKind.LETTERS_LOST, {"percent": 20}),
    *(Flag(FlagKind.NO_RESUME, {"looks-like": kind}) for kind in OTHER_PAPERS),
    Flag(FlagKind.TWO_PEOPLE, spans=((0, 3), (4, 12))),
]


@pytest.fixture
def german(as_alice: Client, alice: User) -> Client:
    Preference.objects.create(user=alice, language="de")
    return as_alice


@pytest.fixture
def stelle(alice: User) -> Draft:
    """A draft with everything in it, its own words in German."""
    draft = Draft.objects.create(
        owner=alice, title="Backend-Entwicklung", description="Wir bauen Zahlungssysteme in Python."
    )
    draft.refresh_from_db()
    Criterion.objects.create(
        draft=draft, position=0, name="Python", looks_for="läuft im Betrieb", must_have=True
    )
    Criterion.objects.create(draft=draft, position=1, name="junge Mitarbeiter", weight=2)
    text = "Ada Beispiel\nada@example.com\n\nZahlungsdienste in Python gebaut.\nPostgreSQL."
    for number in (1, 2):
        rows.candidate(
            draft,
            number,
            text=text,
            name=f"Ada Beispiel {number}",
            language="de",
            flags=[flag.to_json() for flag in FLAGS],
            hidden=[{"kind": "tiny", "text": "Klein", "page": 1}],
            confidence={"name": 0.5, "email": 0.9, "phone": 0.0},
        )
    for number, problem in enumerate(Problem, start=10):
        rows.unreadable(draft, number, problem)
    Membership.objects.create(draft=draft, email="bob@example.com", invited_by=alice)
    return draft


@pytest.fixture
def rangliste(stelle: Draft, alice: User) -> Analysis:
    """Its ranking, as the built-in engine leaves one."""
    analysis = rows.analysis(stelle, alice)
    rows.evaluate(analysis)
    rubric = analysis.rubric
    for evaluation in analysis.evaluations.filter(status=EvaluationStatus.SCORED):
        start = evaluation.candidate.text.index("Zahlungsdienste")
        ratings = [
            Rating(
                criterion.key,
                1.5,
                quotes=(Quote(evaluation.candidate.text[start : start + 33], start, start + 33),),
                reason=reasons.reason(criterion, ["Python", "Go"], quotes=1, lists=False, fit=0.5),
            )
            for criterion in rubric.criteria
        ]
        evaluation.ratings = [rating.to_json() for rating in ratings]
        evaluation.insights = insights.compose(rubric, Scorecard(tuple(ratings))).to_json()
        evaluation.flags = [
            Flag(FlagKind.KEYWORD_STUFFING, spans=((0, 12),)).to_json(),
            Flag(FlagKind.SHORTENED, {"percent": 61}).to_json(),
        ]
        evaluation.save()
    rows.waiting(stelle, 99)
    failed = rows.candidate(stelle, 3)
    Evaluation.objects.create(
        analysis=analysis,
        candidate=failed,
        status=EvaluationStatus.FAILED,
        **error_columns(rows.TIMED_OUT),
        scored_at=analysis.created_at,
    )
    first = analysis.evaluations.order_by("rank")[0].candidate
    Decision.objects.all().decide(stelle, [first.pk], Verdict.SHORTLIST, alice)
    rows.note(first, alice, "Anrufen.")
    rows.call(analysis)
    rows.job(analysis)
    for kind in (NotificationKind.COMPLETED, NotificationKind.FAILED, NotificationKind.PAUSED):
        Notice.objects.create(user=alice, draft=stelle, kind=kind, job=analysis.jobs.get())
    return analysis


def pages(draft: Draft, analysis: Analysis) -> list[str]:
    draft_id = [draft.public_id]
    evaluation = analysis.evaluations.order_by("rank")[0]
    scored = [
        str(row)
        for row in analysis.evaluations.filter(status=EvaluationStatus.SCORED).values_list(
            "public_id", flat=True
        )
    ]
    return [
        *(reverse(name) for name in (
            "home", "offline", "password_reset", "password_reset_done", "password_reset_complete",
            "password_change", "candidates:drafts", "candidates:new", "candidates:settings",
            "candidates:usage", "jobs:jobs", "jobs:notices",
        )),
        *(reverse(name, args=draft_id) for name in (
            "candidates:draft", "candidates:edit", "candidates:erase-draft",
            "candidates:remove-unreadable", "candidates:people", "jobs:sharing", "jobs:of-draft",
            "jobs:estimate", "jobs:described", "jobs:suggested",
        )),
        *(row.get_absolute_url() for row in draft.candidates.all()),
        *(row.get_absolute_url() for row in analysis.evaluations.all()),
        *(row.get_absolute_url() for row in Job.objects.all()),
        reverse("jobs:erase-candidate", args=[evaluation.candidate.public_id]),
        reverse("candidates:reveal", args=[evaluation.candidate.public_id]),
        analysis.get_absolute_url(),
        f"{analysis.get_absolute_url()}?min=quatsch&q=Python&verdict=shortlist",
        reverse("candidates:compare", args=[analysis.public_id]) + f"?who={'&who='.join(scored)}",
        reverse("candidates:draft", args=[uuid4()]),
    ]  # fmt: skip


@pytest.mark.slow
def test_no_page_has_english_left(german: Client, stelle: Draft, rangliste: Analysis) -> None:
    Job.objects.create(
        analysis=rows.analysis(stelle, rangliste.requested_by),
        requested_by=rangliste.requested_by,
        status=JobStatus.FAILED,
        **error_columns(
            Reason(FailureCode.NOTHING_SCORED, {"total": 3, "unreadable": 1, "failed": 2})
        ),
        completed_at=rangliste.created_at,
    )
    paused = rows.job(rows.analysis(stelle, rangliste.requested_by), JobStatus.PROCESSING)
    Job.objects.filter(pk=paused.pk).pause(Reason(FailureCode.UNREACHABLE, {"tries": 3}))
    left = {}
    for address in pages(stelle, rangliste):
        page = german.get(address, follow=True)
        assert '<html lang="de">' in page.text, address
        if texts := english_in(page.text):
            left[address] = texts

    assert left == {}


@pytest.mark.parametrize(
    "kind", [kind for kind in NotificationKind if kind != NotificationKind.UNSTARTED]
)
def test_no_e_mail_has_english_left(
    kind: NotificationKind, german: Client, stelle: Draft, rangliste: Analysis, alice: User
) -> None:
    about: dict[str, Any] = {"job": rangliste.jobs.get()}
    if kind == NotificationKind.SHARED:
        about = {"membership": stelle.memberships.get()}
    elif kind == NotificationKind.EXPIRING:
        RetentionWarning.objects.create(draft=stelle, due_at=timezone.now())
        about = {"draft": stelle}
    notification = Notification.objects.create(**about, kind=kind, recipient="a@b.c", user=alice)

    message = compose(notification)

    html = str(message.alternatives[0][0])
    assert '<html lang="de">' in html and english_in(html) == []
    assert ENGLISH_WORDS.findall(NAMES.sub("", re.sub(r"http\S+", "", str(message.body)))) == []
    assert ENGLISH_WORDS.findall(str(message.subject)) == []


def test_the_language_is_switched_in_the_settings(as_alice: Client, draft: Draft) -> None:
    page = as_alice.post(reverse("candidates:settings"), {"language": "de"}, follow=True)
    home = as_alice.get(reverse("home"))
    back = as_alice.post(reverse("candidates:settings"), {"language": "en"}, follow=True)

    assert "Ihre Einstellungen sind gespeichert." in page.text
    assert "Entwürfe" in home.text
    assert "Your settings are saved." in back.text


def test_a_date_is_written_as_in_german(german: Client, stelle: Draft) -> None:
    Candidate.objects.filter(draft=stelle).update(created_at="2026-03-05T09:30:00Z")
    candidate = stelle.candidates.all()[0]

    assert "5. März 2026, 09:30" in german.get(candidate.get_absolute_url()).text


def test_a_confirmation_begins_with_a_capital(german: Client, stelle: Draft, alice: User) -> None:
    stelle.title = "Backend & <Entwicklung>"
    stelle.save(update_fields=["title"])
    webhook = Webhook.objects.create(user=alice, url="https://hooks.example/")
    webhook.refresh_from_db()
    headings = []
    for address in (
        reverse("candidates:erase-draft", args=[stelle.public_id]),
        reverse("candidates:remove-unreadable", args=[stelle.public_id]),
        reverse("jobs:remove-webhook", args=[webhook.public_id]),
    ):
        headings += re.findall(r"<h1>(.*?)</h1>", german.get(address).text)

    assert headings == [
        "Den Entwurf „Backend &amp; &lt;Entwicklung&gt;“ löschen?",
        "Alles, was nicht gelesen werden kann, löschen?",
        f"Den Webhook „{webhook}“ löschen?",
    ]


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 Dateien"), (1, "1 Datei"), (2, "2 Dateien")]
)
def test_numbers_have_their_plural(number: int, expected: str) -> None:
    with translation.override("de"):
        assert ngettext("%d file", "%d files", number) % number == expected


def test_what_a_script_fills_in_has_its_place_in_german() -> None:
    path = settings.BASE_DIR / "locale" / "de" / "LC_MESSAGES" / "django.po"
    for entry in polib.pofile(str(path)):
        for translated in (entry.msgstr, *entry.msgstr_plural.values()):
            if translated:
                for placeholder in (r"\{\w+\}", r"%%\w+"):
                    assert sorted(re.findall(placeholder, translated)) == sorted(
                        re.findall(placeholder, entry.msgid)
                    )


def test_an_unknown_sentence_is_said_as_it_is() -> None:
    with translation.override("de"):
        assert gettext("Bring cake.") == "Bring cake."
