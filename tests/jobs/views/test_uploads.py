"""Files that are sent, in one request or in pieces, and read again."""

import json
import threading
import time
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from candidates.models import (
    Candidate,
    Draft,
    Piece,
)
from evaluator.models import StoredFile
from jobs.models import Lane
from tests.jobs.views.requests import JSON, url
from tests.makers import rows

MANY = 101


def file(name: str, data: bytes = b"a resume") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


class TestGoingOn:
    def test_the_parts_that_are_there_are_told(self, as_alice: Client, draft: Draft) -> None:
        upload = uuid4()
        for number in (0, 2):
            Piece.objects.create(draft=draft, upload=upload, number=number, content=b"x")
        Piece.objects.create(draft=draft, upload=uuid4(), number=1, content=b"x")

        answer = as_alice.get(url("piece", draft), {"upload": str(upload)})
        wrong = as_alice.get(url("piece", draft), {"upload": "x"})

        assert answer.json() == {"parts": [0, 2]}
        assert wrong.status_code == 422 and wrong.json()["error"] == "Say of which upload."


class TestReadingAgain:
    def test_one_and_all_that_could_not_be_read_are_read_again(
        self, as_alice: Client, draft: Draft
    ) -> None:
        good, bad, *others = (
            rows.candidate(draft, 1),
            *(rows.unreadable(draft, number) for number in (2, 3, 4)),
        )
        Candidate.objects.filter(pk=others[1].pk).update(file="")  # never left its archive

        page = as_alice.post(reverse("jobs:reread", args=[bad.public_id]), follow=True)
        assert "1 file is being read again." in page.text
        assert Lane.objects.filter(draft=draft, job=None).exists()
        page = as_alice.post(url("reread-all", draft), follow=True)
        assert "1 file is being read again." in page.text
        page = as_alice.post(url("reread-all", draft), follow=True)
        assert "There was nothing to read again." in page.text

        statuses = dict(draft.candidates.values_list("pk", "status"))
        assert statuses[good.pk] == "readable" and statuses[others[1].pk] == "unreadable"
        assert statuses[bad.pk] == statuses[others[0].pk] == "waiting"


class TestUpload:
    def test_a_plain_form_says_what_became_of_each_file(
        self, as_alice: Client, draft: Draft
    ) -> None:
        files = [file("a.pdf", b"1"), file("b.pdf", b"1"), file("c.pdf", b""), file("d.pdf")]

        page = as_alice.post(url("upload", draft), {"files": files}, follow=True)

        assert page.redirect_chain == [(draft.get_absolute_url(), 302)]
        assert "2 files added." in page.text
        assert "b.pdf: The same file as a.pdf; it counts once." in page.text
        assert "c.pdf: The file is empty." in page.text
        assert sorted(draft.candidates.values_list("filename", flat=True)) == ["a.pdf", "d.pdf"]

    def test_the_script_gets_an_outcome_for_each_file_in_order(
        self, as_alice: Client, draft: Draft
    ) -> None:
        files = [file("a.pdf", b"1"), file("b.pdf", b"1"), file("c.pdf", b"")]

        answer = as_alice.post(url("upload", draft), {"files": files}, headers=JSON).json()

        assert [(file["name"], file["outcome"]) for file in answer["files"]] == [
            ("a.pdf", "accepted"),
            ("b.pdf", "duplicate"),
            ("c.pdf", "refused"),
        ]

    def test_files_wake_a_reader_in_the_same_transaction(
        self, as_alice: Client, draft: Draft
    ) -> None:
        as_alice.post(url("upload", draft), {"files": [file("a.pdf")]})

        assert Lane.objects.filter(draft=draft, job=None).count() == 1

    def test_what_is_there_already_wakes_nobody(self, as_alice: Client, draft: Draft) -> None:
        as_alice.post(url("upload", draft), {"files": [file("a.pdf")]})
        Lane.objects.all().delete()

        as_alice.post(url("upload", draft), {"files": [file("again.pdf")]})

        assert not Lane.objects.exists()

    def test_no_file_is_told(self, as_alice: Client, draft: Draft) -> None:
        page = as_alice.post(url("upload", draft), follow=True)

        assert "No file came along." in page.text

    @pytest.mark.parametrize("headers", [{}, JSON])
    def test_too_many_files_are_refused_plainly(
        self, as_alice: Client, draft: Draft, headers: dict[str, str]
    ) -> None:
        files = [file(f"{number}.pdf", str(number).encode()) for number in range(MANY)]

        page = as_alice.post(url("upload", draft), {"files": files}, headers=headers)

        assert page.status_code == 400
        assert "These are more than 100 files in one request." in page.text
        assert not draft.candidates.exists()

    @pytest.mark.parametrize("headers", [{}, JSON])
    def test_too_large_a_body_is_refused_before_it_is_read(
        self, as_alice: Client, draft: Draft, headers: dict[str, str]
    ) -> None:
        page = as_alice.post(
            url("upload", draft),
            data=b"",
            content_type="multipart/form-data; boundary=x",
            CONTENT_LENGTH="105906176",
            headers=headers,
        )

        assert page.status_code == 413
        assert "These files are more than 100 MB together." in page.text

    @pytest.mark.parametrize("name", ["upload", "piece"])
    def test_a_request_without_the_token_is_refused(
        self, alice: User, draft: Draft, name: str
    ) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)

        page = client.post(url(name, draft), {"files": [file("a.pdf")]})

        assert page.status_code == 403
        assert "The page was open too long" in page.text
        assert not draft.candidates.exists()

    def test_a_request_with_the_token_is_taken(self, alice: User, draft: Draft) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)
        client.get(draft.get_absolute_url())
        token = client.cookies["csrftoken"].value

        answer = client.post(
            url("upload", draft),
            {"files": [file("a.pdf")]},
            headers={**JSON, "X-CSRFToken": token},
        )

        assert answer.json()["files"][0]["outcome"] == "accepted"

    @pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", "x"])
    def test_a_body_that_is_no_form_is_not_our_mistake(
        self, as_alice: Client, draft: Draft, kind: str
    ) -> None:
        page = as_alice.post(url("upload", draft), data=b"\xff\x00--", content_type=kind)

        assert page.status_code in (302, 400)
        assert not draft.candidates.exists()

    def test_a_full_request_costs_the_same_whatever_is_there(
        self, as_alice: Client, draft: Draft, django_assert_max_num_queries: Any
    ) -> None:
        rows.candidates(draft, 500)
        files = [file(f"{number}.pdf", str(number).encode()) for number in range(50)]

        with django_assert_max_num_queries(2 * 50 + 20):
            as_alice.post(url("upload", draft), {"files": files}, headers=JSON)

        assert draft.candidates.count() == 550


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["upload", "piece"])
def test_a_draft_that_is_erased_during_an_upload_is_not_found(
    as_alice: Client, draft: Draft, name: str
) -> None:
    erased = threading.Event()

    def erase() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            Draft.objects.filter(pk=draft.pk).delete()
            erased.set()
            end = time.monotonic() + 30
            while time.monotonic() < end:  # until the upload waits for this lock at its end
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[0]:
                    break
        connection.close()

    eraser = threading.Thread(target=erase)
    eraser.start()
    assert erased.wait(30)
    piece = {"upload": uuid4(), "number": 0, "total": 1, "name": "a.pdf", "piece": file("piece")}
    answer = as_alice.post(
        url(name, draft), {"files": [file("a.pdf")], **(piece if name == "piece" else {})}
    )
    eraser.join()

    assert answer.status_code == 404
    assert not Candidate.objects.exists() and not StoredFile.objects.exists()
    assert not Lane.objects.exists() and not Piece.objects.exists()


class TestPieces:
    def send(self, client: Client, draft: Draft, at: int, data: bytes, **other: Any) -> Any:
        fields = {"upload": self.upload, "number": at, "total": 2, "name": "large.pdf", **other}
        return client.post(url("piece", draft), {**fields, "piece": file("piece", data)})

    @pytest.fixture(autouse=True)
    def _upload(self) -> None:
        self.upload = uuid4()

    def test_the_last_piece_puts_the_file_together(self, as_alice: Client, draft: Draft) -> None:
        first = self.send(as_alice, draft, 0, b"one ")
        last = self.send(as_alice, draft, 1, b"two")

        assert first.json() == {"files": []}
        assert last.json()["files"][0]["outcome"] == "accepted"
        candidate = draft.candidates.get()
        with candidate.file.open("rb") as stored:
            assert (candidate.filename, stored.read()) == ("large.pdf", b"one two")
        assert Lane.objects.filter(draft=draft).exists() and not Piece.objects.exists()

    def test_a_missing_piece_is_a_conflict_after_which_the_file_may_come_anew(
        self, as_alice: Client, draft: Draft
    ) -> None:
        answer = self.send(as_alice, draft, 1, b"two")

        assert answer.status_code == 409
        assert answer.json()["error"] == "1 of 2 parts of the file have come."

    @pytest.mark.parametrize(
        "wrong",
        [{"number": 2}, {"number": -1}, {"total": 0}, {"total": 65}, {"upload": "x"}, {"name": ""}],
    )
    def test_a_piece_that_makes_no_sense_is_refused(
        self, as_alice: Client, draft: Draft, wrong: dict[str, Any]
    ) -> None:
        answer = self.send(as_alice, draft, 0, b"x", **wrong)

        assert answer.status_code == 400 and answer.json()["error"]
        assert not Piece.objects.exists()

    def test_too_large_a_piece_is_refused_before_it_is_read(
        self, as_alice: Client, draft: Draft
    ) -> None:
        answer = as_alice.post(
            url("piece", draft),
            data=b"",
            content_type="multipart/form-data; boundary=x",
            CONTENT_LENGTH="10485761",
        )

        assert answer.status_code == 413


def test_answers_to_the_script_are_json(as_alice: Client, draft: Draft) -> None:
    answer = as_alice.post(url("upload", draft), headers=JSON)

    assert json.loads(answer.content) == {"files": []}
