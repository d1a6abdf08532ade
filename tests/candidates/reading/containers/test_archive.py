"""ZIP files: every member comes out, or says why it does not, whatever the archive claims."""

from functools import partial

import pytest

from candidates.reading import Member, Problem, Unreadable
from candidates.reading.containers import archive
from candidates.reading.containers.archive import members
from candidates.reading.limits import MAX_ARCHIVE_MEMBERS, MAX_BYTES
from candidates.reading.sandbox.parent import Sandbox
from tests.makers import archives, files


def names(data: bytes) -> list[str]:
    return [member.name for member in members(data, "cvs.zip")]


def problems(data: bytes) -> dict[str, Problem | None]:
    return {member.name: member.problem for member in members(data, "cvs.zip")}


def test_members_come_with_their_folder_in_their_order() -> None:
    unpacked = list(members(archives.resumes(3, "team a/"), "cvs.zip"))

    assert [member.name for member in unpacked] == [f"team a/cv-{n}.txt" for n in range(3)]
    assert unpacked[2].data == archives.TEXT + b" 2"


def test_those_dealt_with_before_are_skipped() -> None:
    assert [m.name for m in members(archives.resumes(5), "cvs.zip", skip=3)] == [
        "cv-3.txt",
        "cv-4.txt",
    ]


def test_what_file_managers_add_is_no_resume() -> None:
    assert names(archives.junk()) == ["folder/cv.txt"]


def test_an_archive_in_an_archive_is_opened_and_one_deeper_is_not() -> None:
    inner = archives.packed({"deep.txt": archives.TEXT})
    nested = archives.packed({"inner.zip": inner, "two.zip": archives.packed({"in.zip": inner})})

    assert problems(nested) == {
        "inner.zip/deep.txt": None,
        "two.zip/in.zip": Problem.NESTED,
    }


def test_documents_of_office_programs_are_no_archives() -> None:
    word = files.docx("Jane Example")

    assert problems(archives.packed({"cv.docx": word})) == {"cv.docx": None}
    assert list(members(word, "Jane.zip")) == [Member("Jane", word)]


@pytest.mark.parametrize(
    ("data", "name", "problem"),
    [
        (archives.with_link(), "passwords.txt", Problem.NOT_A_FILE),
        (archives.with_locked_member(), "locked.txt", Problem.ENCRYPTED),
        (archives.with_lying_size(), "big.txt", Problem.DAMAGED),
        (archives.with_other_local_name(), "aa.txt", Problem.DAMAGED),
    ],
)
def test_a_bad_member_costs_itself_alone(data: bytes, name: str, problem: Problem) -> None:
    unpacked = problems(data)

    assert unpacked.pop(name) == problem
    assert list(unpacked.values()) == [None]


def test_a_member_over_the_limit_is_refused_by_what_comes_out_of_it() -> None:
    assert problems(archives.bomb(MAX_BYTES // 1024 // 1024 + 1)) == {
        "zeros.txt": Problem.TOO_LARGE
    }


def test_members_that_share_their_bytes_are_refused() -> None:
    unpacked = list(members(archives.overlapping(50), "bomb.zip"))

    assert [member.problem for member in unpacked] == [Problem.DAMAGED] * 50


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"PK\x03\x04" + bytes(100), Problem.DAMAGED),
        (archives.resumes()[:-40], Problem.DAMAGED),
        (archives.crowded(MAX_ARCHIVE_MEMBERS + 1), Problem.TOO_MANY_FILES),
        (archives.packed({}), Problem.NO_FILES),
        (archives.packed({"cvs/": b"", "__MACOSX/._cv.txt": b"x"}), Problem.NO_FILES),
    ],
)
def test_an_archive_that_is_no_good_as_a_whole_is_refused(data: bytes, problem: Problem) -> None:
    with pytest.raises(Unreadable) as refused:
        list(members(data, "cvs.zip"))

    assert refused.value.problem is problem


def test_all_together_may_not_inflate_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    small = partial(archive._Budget, size=3_000_000)
    monkeypatch.setattr(archive, "_Budget", small)
    budget = archives.packed({f"{n}.txt": bytes(1_000_000) for n in range(4)})

    with pytest.raises(Unreadable) as refused:
        list(members(budget, "cvs.zip"))

    assert refused.value.problem is Problem.TOO_COMPLEX


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"/etc/cv.txt", "etc/cv.txt"),
        (b"../../cv.txt", "cv.txt"),
        (b"C:\\Users\\Jane\\cv.txt", "Users/Jane/cv.txt"),
        (b"a\x07b\r\n.txt", "ab.txt"),
        (b"R\xc3\xa9sum\xc3\xa9.txt", "Résumé.txt"),
        (b"R\x82sum\x82.txt", "Résumé.txt"),
        (b"\x97\x9a\x97\xf0\x8f\x91.txt", "履歴書.txt"),
        (b"cv\xe2\x80\xaetxt.exe", "cvtxt.exe"),
        (b"x" * 4096 + b".txt", "x" * 234 + ".txt"),
        (b"", "file"),
    ],
)
def test_names_are_made_harmless(name: bytes, shown: str) -> None:
    assert names(archives.with_names(name)) == [shown]


def test_a_name_that_comes_twice_gets_a_number() -> None:
    assert names(archives.with_names(b"cv.txt", b"cv.txt", b"../cv.txt")) == [
        "cv.txt",
        "cv (2).txt",
        "cv (3).txt",
    ]


@pytest.mark.processes
def test_the_sandbox_hands_out_one_member_after_the_other() -> None:
    with Sandbox() as sandbox:
        unpacked = list(sandbox.unpack(archives.with_locked_member(), "cvs.zip"))
        again = [member.name for member in sandbox.unpack(archives.resumes(4), "b.zip", 2)]
        child = sandbox.pid
        document = sandbox.read(archives.TEXT, "cv.txt")

        assert [(member.name, member.problem) for member in unpacked] == [
            ("locked.txt", Problem.ENCRYPTED),
            ("open.txt", None),
        ]
        assert unpacked[1].data == archives.TEXT + b" open"
        assert again == ["cv-2.txt", "cv-3.txt"]
        assert document.contact.name == "Jane Example" and sandbox.pid == child


@pytest.mark.processes
def test_the_sandbox_says_why_an_archive_cannot_be_opened_and_goes_on() -> None:
    with Sandbox() as sandbox:
        with pytest.raises(Unreadable) as refused:
            list(sandbox.unpack(b"PK\x03\x04" + bytes(50), "cvs.zip"))

        assert refused.value.problem is Problem.DAMAGED
        assert len(list(sandbox.unpack(archives.resumes(2), "cvs.zip"))) == 2


@pytest.mark.processes
def test_who_stops_half_way_leaves_no_half_answer() -> None:
    with Sandbox() as sandbox:
        for _ in sandbox.unpack(archives.resumes(5), "cvs.zip"):
            break

        assert sandbox.read(archives.TEXT, "cv.txt").contact.name == "Jane Example"
