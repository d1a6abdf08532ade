"""Suggested criteria: asked for on the form, made by a worker, taken over by a person."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from candidates import posting
from candidates.facts.reason import FailureCode
from candidates.models import Call, Draft, Event, EventVerb, Suggestion
from candidates.models.call import CallStatus
from candidates.models.claims import MAX_ATTEMPTS
from candidates.models.draft import MAX_CRITERIA
from candidates.models.suggestion import SuggestionStatus
from candidates.reasons import sentence
from candidates.scoring.rubric import RubricCriterion
from jobs.execution import suggest
from jobs.workers import sweep
from tests import workers_here
from tests.makers import rows
from tests.retries import shorten_retries_within_calls
from tests.servers.model import ModelServer, Reply, Request, completion_reply, error

pytestmark = pytest.mark.django_db(transaction=True)

HTMX = {"HX-Request": "true"}
CRITERIA = [
    {"name": "Payments", "looks_for": "Has run them.", "weight": 9, "must_have": True},
    {"name": "Native English speaker", "looks_for": "", "weight": 2, "must_have": False},
    {"name": "PostgreSQL", "looks_for": "Has tuned one.", "weight": 4, "must_have": False},
]
NAMES = [criterion["name"] for criterion in CRITERIA]


@pytest.fixture
def model(settings: LazySettings) -> Iterator[ModelServer]:
    with workers_here.model_server(
        settings, completion_reply(json.dumps({"criteria": CRITERIA}))
    ) as server:
        yield server


def shown(page: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def ready(draft: Draft, *, engine: str = "openai") -> Suggestion:
    suggestion = suggest.create_suggestion(draft, draft.owner, engine=engine)
    Suggestion.objects.filter(pk=suggestion.pk).update(
        status=SuggestionStatus.READY,
        done_at=timezone.now(),
        criteria=[{"key": f"c{number}", **criterion} for number, criterion in enumerate(CRITERIA)],
    )
    return suggestion


def form(draft: Draft, **values: str) -> dict[str, str]:
    return {
        "title": draft.title,
        "description": draft.description,
        "role_weight": "5",
        "criteria-TOTAL_FORMS": "0",
        "criteria-INITIAL_FORMS": "0",
        **values,
    }


class TestMaking:
    def test_a_model_is_asked_once_and_the_call_stands_in_the_ledger(
        self, draft: Draft, alice: User, model: ModelServer
    ) -> None:
        suggestion = suggest.request_suggestion(draft, alice)

        workers_here.make_suggestion(suggestion.pk)
        workers_here.make_suggestion(suggestion.pk)

        suggestion.refresh_from_db()
        assert suggestion.status == SuggestionStatus.READY
        assert [criterion.name for criterion in suggestion.suggested()] == NAMES
        call = Call.objects.get()
        assert (call.purpose, call.status, call.owner) == ("suggest", CallStatus.ANSWERED, alice)
        assert call.analysis is None and call.draft == draft
        assert call.prompt_tokens == model.usage()["prompt_tokens"] > 0
        assert len(model.requests) == 1

    def test_asking_twice_is_one_suggestion_and_one_message(
        self, draft: Draft, alice: User
    ) -> None:
        assert (
            suggest.request_suggestion(draft, alice).pk
            == suggest.request_suggestion(draft, alice).pk
        )
        assert OrmQ.objects.count() == 1

    def test_the_built_in_engine_takes_them_from_the_lists(self, draft: Draft, alice: User) -> None:
        Draft.objects.filter(pk=draft.pk).update(
            description="You bring:\n- Python in production\n- Rust (a plus)\n"
        )
        suggestion = suggest.request_suggestion(draft, alice)

        workers_here.make_suggestion(suggestion.pk)

        suggestion.refresh_from_db()
        assert [criterion.name for criterion in suggestion.suggested()] == [
            "Python in production",
            "Rust",
        ]
        assert not Call.objects.exists()

    @pytest.mark.parametrize(
        ("reply", "reason"),
        [
            (error(401, "invalid_api_key"), "The model server refuses the key (401)."),
            (completion_reply("no json"), "The model's answer cannot be used: it is not JSON."),
        ],
    )
    def test_what_cannot_work_is_told_at_once(
        self, draft: Draft, alice: User, settings: LazySettings, reply: Any, reason: str
    ) -> None:
        with workers_here.model_server(settings, reply):
            suggestion = suggest.request_suggestion(draft, alice)
            workers_here.make_suggestion(suggestion.pk)

        suggestion.refresh_from_db()
        assert suggestion.status == SuggestionStatus.FAILED and reason in sentence(suggestion.error)
        assert not Call.objects.all().open().exists()

    def test_a_server_that_is_down_is_asked_again_and_given_up_after_three_times(
        self, draft: Draft, alice: User, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shorten_retries_within_calls(monkeypatch)
        with workers_here.model_server(settings, error(500)):
            suggestion = suggest.request_suggestion(draft, alice)
            for attempt in range(1, MAX_ATTEMPTS + 1):
                workers_here.make_suggestion(suggestion.pk)
                suggestion.refresh_from_db()
                assert suggestion.attempts == attempt
                Suggestion.objects.filter(status=SuggestionStatus.WAITING).update(
                    due_at=timezone.now()
                )

        assert suggestion.status == SuggestionStatus.FAILED and "500" in sentence(suggestion.error)
        assert not Call.objects.all().open().exists()

    def test_a_server_that_never_answers_ends_the_try(
        self, draft: Draft, alice: User, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def never(request: Request) -> Reply:
            monkeypatch.setattr(suggest, "MAX_CALL_SECONDS", 0.0)  # now that the call is on its way
            return Reply(seconds=600.0)

        with workers_here.model_server(settings, never):
            suggestion = suggest.request_suggestion(draft, alice)
            workers_here.make_suggestion(suggestion.pk)

        suggestion.refresh_from_db()
        assert (suggestion.status, suggestion.error) == (SuggestionStatus.FAILED, suggest.TOO_SLOW)
        assert Call.objects.get().status == CallStatus.UNKNOWN

    def test_a_fault_of_ours_is_told_and_leaves_nobody_waiting(
        self, draft: Draft, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("candidates.scoring.engines.local.derive_criteria", lambda _: 1 / 0)
        suggestion = suggest.request_suggestion(draft, alice)

        workers_here.make_suggestion(suggestion.pk)

        suggestion.refresh_from_db()
        assert (suggestion.status, suggestion.error) == (
            SuggestionStatus.FAILED,
            suggest.PROGRAM_FAULT,
        )

    def test_what_a_dead_worker_held_is_made_by_another(
        self, draft: Draft, alice: User, model: ModelServer
    ) -> None:
        suggestion = suggest.request_suggestion(draft, alice)
        OrmQ.objects.all().delete()  # its message went with the worker
        token = uuid4()
        Suggestion.objects.update(status=SuggestionStatus.WORKING, token=token, attempts=1)
        call = rows.call(
            rows.analysis(draft, alice), token=token, status=CallStatus.OPEN, settled_at=None
        )

        assert sweep.sweep() == 1
        workers_here.make_suggestion(suggestion.pk)

        suggestion.refresh_from_db()
        call.refresh_from_db()
        assert OrmQ.objects.count() == 1
        assert (suggestion.status, call.status) == (SuggestionStatus.READY, CallStatus.UNKNOWN)

    def test_the_sweep_sends_no_second_message_while_one_waits(
        self, draft: Draft, alice: User
    ) -> None:
        suggest.request_suggestion(draft, alice)

        assert sweep.sweep() == 0


class TestPages:
    def test_the_form_is_saved_before_criteria_are_asked_for(
        self, as_alice: Client, draft: Draft
    ) -> None:
        address = reverse("jobs:suggest", args=[draft.public_id])

        answer = as_alice.post(address, form(draft, description="Something else."))

        edit = reverse("candidates:edit", args=[draft.public_id])
        assert answer.headers["Location"] == f"{edit}#suggestions"
        draft.refresh_from_db()
        assert draft.description == "Something else."
        assert draft.suggestions.get().status == SuggestionStatus.WAITING

    def test_a_new_draft_is_made_on_the_way(self, as_alice: Client, alice: User) -> None:
        as_alice.post(reverse("jobs:suggest-new"), form(Draft(title="Nurse", description="- A")))

        assert Draft.objects.get().title == "Nurse"
        assert Suggestion.objects.get().requested_by == alice

    def test_a_form_with_mistakes_asks_for_nothing(self, as_alice: Client, draft: Draft) -> None:
        page = as_alice.post(reverse("jobs:suggest", args=[draft.public_id]), form(draft, title=""))

        assert page.status_code == 422 and "Give the draft a title." in page.text
        assert not Suggestion.objects.exists()

    def test_the_part_asks_again_until_it_is_there(self, as_alice: Client, draft: Draft) -> None:
        address = reverse("jobs:suggested", args=[draft.public_id])
        suggestion = suggest.request_suggestion(draft, draft.owner)

        waiting = as_alice.get(address, headers=HTMX)
        seen = {"seen": waiting.context["state"]}
        same = as_alice.get(address, seen, headers=HTMX)
        workers_here.make_suggestion(suggestion.pk)
        there = as_alice.get(address, seen, headers=HTMX)

        assert 'hx-trigger="every 1s"' in waiting.text and "No worker is alive" in waiting.text
        assert same.status_code == 204
        assert "hx-trigger" not in there.text and "<html" not in there.text
        assert "this one has none. Write what the person has to bring as a list" in shown(there)

    def test_what_is_suggested_is_shown_with_what_it_asks_for_that_it_may_not(
        self, as_alice: Client, draft: Draft
    ) -> None:
        ready(draft)

        page = shown(as_alice.get(reverse("jobs:suggested", args=[draft.public_id])))

        assert "Payments weight 9 must have Has run them." in page
        assert "This asks for an origin or a mother tongue." in page
        assert "Nothing counts until you add it" in page

    def test_the_chosen_are_added_and_nothing_else(self, as_alice: Client, draft: Draft) -> None:
        suggestion = ready(draft)
        address = reverse("jobs:suggested", args=[draft.public_id])

        page = as_alice.post(
            address,
            {"suggestion": str(suggestion.public_id), "chosen": ["0", "2", "77", "x"]},
            follow=True,
        )

        assert "1 criterion is added." in page.text  # PostgreSQL was there already
        assert [criterion.name for criterion in draft.criteria.all()] == [
            "Python",
            "PostgreSQL",
            "Payments",
        ]
        added = draft.criteria.get(name="Payments")
        assert (added.looks_for, added.weight, added.must_have) == ("Has run them.", 9, True)
        assert Event.objects.filter(draft=draft, verb=EventVerb.DRAFT_CHANGED).count() == 1

    @pytest.mark.parametrize("name", ["", "x", "00000000-0000-4000-8000-000000000000"])
    def test_a_suggestion_that_is_not_there_adds_nothing(
        self, as_alice: Client, draft: Draft, name: str
    ) -> None:
        ready(draft)

        page = as_alice.post(
            reverse("jobs:suggested", args=[draft.public_id]),
            {"suggestion": name, "chosen": "0"},
            follow=True,
        )

        assert "Nothing was added" in page.text and draft.criteria.count() == 2

    def test_a_strangers_suggestion_cannot_be_taken_over(
        self, as_eve: Client, eve: User, draft: Draft
    ) -> None:
        suggestion = ready(draft)
        own = Draft.objects.create(owner=eve, title="Eve's")
        own.refresh_from_db()

        as_eve.post(
            reverse("jobs:suggested", args=[own.public_id]),
            {"suggestion": str(suggestion.public_id), "chosen": "0"},
        )

        assert not own.criteria.exists()

    def test_a_draft_takes_no_more_than_its_most(self, draft: Draft, alice: User) -> None:
        many = [RubricCriterion(f"c{number}", f"Number {number}") for number in range(60)]

        assert draft.add_criteria(many, alice) == MAX_CRITERIA - 2
        assert draft.criteria.count() == MAX_CRITERIA

    def test_why_there_is_none_is_told(self, as_alice: Client, draft: Draft) -> None:
        Suggestion.objects.filter(pk=ready(draft).pk).update(
            status=SuggestionStatus.FAILED, criteria=[], error_code=FailureCode.API_KEY_MISSING
        )

        page = as_alice.get(reverse("jobs:suggested", args=[draft.public_id]), headers=HTMX)

        assert "There are no suggestions: OPENAI_API_KEY is not set" in page.text


class TestCommand:
    def test_criteria_are_printed_as_the_role_has_them(
        self, tmp_path: Path, model: ModelServer, capsys: pytest.CaptureFixture[str]
    ) -> None:
        role = tmp_path / "JOB.md"
        role.write_text("# Engineer\n\nPayments.\n")

        call_command("evaluate", str(role), suggest_criteria=True)

        printed = capsys.readouterr()
        read = posting.parse(role.read_text() + printed.out)
        assert [criterion.name for criterion in read.criteria] == NAMES
        assert (read.criteria[0].weight, read.criteria[0].must_have) == (9, True)
        assert "The criterion 'Native English speaker': This asks for an origin" in printed.err
        assert not Draft.objects.exists() and Call.objects.get().draft is None

    def test_a_description_without_a_list_says_so(self, tmp_path: Path) -> None:
        role = tmp_path / "JOB.md"
        role.write_text("# Engineer\n\nPayments.\n")

        with pytest.raises(CommandError) as raised:
            call_command("evaluate", str(role), suggest_criteria=True)

        assert raised.value.returncode == 1 and "no list to take criteria from" in str(raised.value)

    def test_without_it_resumes_are_needed(self, tmp_path: Path) -> None:
        role = tmp_path / "JOB.md"
        role.write_text("# Engineer\n\nPayments.\n")

        with pytest.raises(CommandError) as raised:
            call_command("evaluate", str(role))

        assert raised.value.returncode == 2 and "No RESUMES are given." in str(raised.value)
