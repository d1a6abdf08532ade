"""Taking files in: what a name may be, what is refused, and the same bytes twice."""

import threading
from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection

from candidates import intake
from candidates.models import Candidate, Draft, Event, Piece
from candidates.models.candidate import CandidateStatus
from candidates.reading import MAX_BYTES, Problem
from evaluator.models import StoredFile


def incoming(name: str, data: bytes = b"a resume") -> intake.Incoming:
    return intake.Incoming(name, len(data), lambda: data)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("cv.pdf", "cv.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\cv.pdf", "cv.pdf"),
        ("a\0b\r\nSet-Cookie: x.pdf", "abSet-Cookie: x.pdf"),
        ("cv\u202efdp.exe", "cvfdp.exe"),
        ("cv\u200b\u2066.pdf", "cv.pdf"),
        ("cv\U000e0041.pdf", "cv.pdf"),
        ("half \ud800.pdf", "half .pdf"),
        ("Re\u0301sume\u0301.pdf", "Résumé.pdf"),
        ("  two   spaces .pdf", "two spaces .pdf"),
        ("=HYPERLINK(1).pdf", "=HYPERLINK(1).pdf"),
        ("<script>alert(1)<", "<script>alert(1)<"),
        ("<script>alert(1)</script>.pdf", "script>.pdf"),
        ("CON", "CON"),
        ("📄.pdf", "📄.pdf"),
        ("x" * 300 + ".docx", "x" * 250 + ".docx"),
        ("x" * 300, "x" * 255),
        (".x" * 200, (".x" * 200)[:253] + ".x"),
        ("", ""),
        ("..", ""),
        ("folder/", ""),
        ("\u202e\0", ""),
    ],
)
def test_a_name_is_kept_as_it_can_be_shown(given: str, expected: str) -> None:
    assert intake.clean_name(given) == expected
    assert len(intake.clean_name(given)) <= 255


def test_a_new_file_becomes_a_candidate_that_waits(draft: Draft, alice: User) -> None:
    [outcome] = intake.accept(draft, alice, [incoming("a/cv.pdf", b"bytes")])

    candidate = draft.candidates.get()
    assert outcome.candidate == candidate
    assert (candidate.filename, candidate.size, candidate.status) == (
        "cv.pdf",
        5,
        CandidateStatus.WAITING,
    )
    with candidate.file.open("rb") as file:
        assert file.read() == b"bytes"
    event = Event.objects.get(draft=draft)
    assert (event.verb, event.actor, event.params) == ("files_added", alice, {"count": 1})


def test_the_stored_name_tells_nothing_and_has_no_extension(draft: Draft, alice: User) -> None:
    intake.accept(draft, alice, [incoming("Zoe Lovelace.pdf")])

    stored = StoredFile.objects.get().name
    assert stored.startswith(f"resumes/{draft.pk}/")
    assert "Zoe" not in stored and "." not in stored


def test_what_need_not_be_stored_to_be_refused_is_refused_with_its_reason(
    draft: Draft, alice: User
) -> None:
    def missing() -> bytes:
        raise PermissionError(13, "Permission denied")

    outcomes = intake.accept(
        draft,
        alice,
        [
            incoming("empty.pdf", b""),
            intake.Incoming("large.pdf", MAX_BYTES + 1, lambda: b"never asked for"),
            intake.Incoming("grew.pdf", 10, lambda: b"x" * (MAX_BYTES + 1)),
            incoming("..", b"x"),
            intake.Incoming("locked.pdf", 10, missing),
        ],
    )

    assert [outcome.refused for outcome in outcomes] == [
        Problem.EMPTY.sentence,
        Problem.TOO_LARGE.sentence,
        Problem.TOO_LARGE.sentence,
        intake.NO_NAME_MESSAGE,
        Problem.NOT_OPENED.sentence,
    ]
    assert not draft.candidates.exists() and not Event.objects.exists()


def test_one_refused_file_does_not_hold_up_the_others(draft: Draft, alice: User) -> None:
    first, second = intake.accept(draft, alice, [incoming("empty", b""), incoming("good", b"x")])

    assert first.refused and second.candidate is not None


def test_the_same_bytes_are_one_candidate_within_a_request_and_after_it(
    draft: Draft, alice: User
) -> None:
    first, again = intake.accept(draft, alice, [incoming("a.pdf"), incoming("b.pdf")])
    [later] = intake.accept(draft, alice, [incoming("c.pdf")])

    assert first.candidate is not None
    assert (again.duplicate_of, later.duplicate_of) == ("a.pdf", "a.pdf")
    assert draft.candidates.get().filename == "a.pdf"
    assert StoredFile.objects.count() == 1


def test_another_draft_may_have_the_same_file(draft: Draft, alice: User) -> None:
    other = Draft.objects.create(owner=alice, title="Other")
    intake.accept(draft, alice, [incoming("a.pdf")])

    [outcome] = intake.accept(other, alice, [incoming("a.pdf")])

    assert outcome.candidate is not None


def test_outcomes_come_in_the_order_of_the_files(draft: Draft, alice: User) -> None:
    names = [f"{number}.txt" for number in range(20)]

    outcomes = intake.accept(draft, alice, [incoming(name, name.encode()) for name in names])

    assert [outcome.name for outcome in outcomes] == names
    assert [outcome.candidate and outcome.candidate.filename for outcome in outcomes] == names


def test_fifty_files_cost_two_queries_each_and_a_few(
    draft: Draft, alice: User, django_assert_max_num_queries: object
) -> None:
    files = [incoming(f"{number}.txt", str(number).encode()) for number in range(50)]

    with django_assert_max_num_queries(2 * 50 + 6):  # type: ignore[operator]
        intake.accept(draft, alice, files)


@pytest.mark.django_db(transaction=True)
def test_requests_with_the_same_files_at_once_make_each_candidate_once(
    draft: Draft, alice: User
) -> None:
    contents = [f"content {number}".encode() for number in range(12)]
    together = threading.Barrier(3)
    outcomes: list[intake.UploadOutcome] = []
    errors: list[BaseException] = []

    def send(order: list[bytes]) -> None:
        try:
            together.wait(10)
            outcomes.extend(intake.accept(draft, alice, [incoming(f"{d!r}", d) for d in order]))
        except BaseException as error:  # noqa: BLE001 - reported by the test itself
            errors.append(error)
        finally:
            connection.close()

    orders = [contents, contents[::-1], contents[6:] + contents[:6]]
    threads = [threading.Thread(target=send, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert not errors
    assert sum(outcome.candidate is not None for outcome in outcomes) == 12
    assert sum(bool(outcome.duplicate_of) for outcome in outcomes) == 24
    assert Candidate.objects.count() == StoredFile.objects.count() == 12


def test_files_of_this_computer_come_in_by_their_paths(
    draft: Draft, alice: User, tmp_path: Path
) -> None:
    here = tmp_path / "cv.txt"
    here.write_bytes(b"text")

    good, gone = intake.accept(
        draft, alice, [intake.from_path(here), intake.from_path(tmp_path / "gone.txt")]
    )

    assert good.candidate is not None
    assert gone.refused == Problem.NOT_OPENED.sentence


class TestPieces:
    UPLOAD = uuid4()

    def test_parts_are_joined_in_order_and_kept_no_longer(self, draft: Draft) -> None:
        for number, part in [(1, b"second"), (0, b"first "), (0, b"first ")]:
            intake.store_piece(draft, self.UPLOAD, number, part)

        file = intake.join_pieces(draft, self.UPLOAD, "cv.pdf", 2)

        assert (file.name, file.size, file.read()) == ("cv.pdf", 12, b"first second")
        assert not Piece.objects.exists()

    def test_a_missing_part_is_told(self, draft: Draft) -> None:
        intake.store_piece(draft, self.UPLOAD, 1, b"second")

        with pytest.raises(intake.PieceMissing, match="1 of 2"):
            intake.join_pieces(draft, self.UPLOAD, "cv.pdf", 2)

    def test_parts_of_another_draft_are_not_taken(self, draft: Draft, alice: User) -> None:
        other = Draft.objects.create(owner=alice, title="Other")
        intake.store_piece(other, self.UPLOAD, 0, b"theirs")

        with pytest.raises(intake.PieceMissing):
            intake.join_pieces(draft, self.UPLOAD, "cv.pdf", 1)

    @pytest.mark.slow
    def test_more_than_a_file_may_have_is_refused_unseen(self, draft: Draft, alice: User) -> None:
        for number in range(4):
            intake.store_piece(draft, self.UPLOAD, number, b"x" * (MAX_BYTES // 4 + 1))

        [outcome] = intake.accept(
            draft, alice, [intake.join_pieces(draft, self.UPLOAD, "large.pdf", 4)]
        )

        assert outcome.refused == Problem.TOO_LARGE.sentence
        assert not Piece.objects.exists()
