"""What the other rooms rely on: the values, the reasons and their sentences."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from candidates.facts.flags import Flag, FlagKind
from candidates.reading import MAX_BYTES, Contact, Document, Problem, Unreadable, read
from candidates.reading.limits import MAX_PAGES, READING_SECONDS
from candidates.reading.registry import READERS
from candidates.reading.sniff import ENDINGS, FileKind
from tests.makers import files

PARSERS = (
    *("pypdfium2", "pdfminer", "lxml", "charset_normalizer", "PIL", "olefile", "phonenumbers"),
    "django",
)


@pytest.mark.parametrize("kind", FileKind)
def test_every_format_gives_the_same_text_and_person(kind: FileKind) -> None:
    make, reader = files.SAMPLES[kind]
    document = read(make(), f"cv.{ENDINGS[kind]}")

    assert [line for line in document.text.split("\n") if line] == list(files.LINES)
    assert (document.media_type, document.reader) == (kind, reader)
    assert document.flags == ()
    person = document.contact
    assert (person.name, person.email, person.phone) == (
        "Jane Example",
        "jane.example@example.com",
        "+44 20 7946 0958",
    )
    assert [section.kind for section in document.sections] == ["contact", "experience", "education"]


@pytest.mark.parametrize("name", files.REFUSED)
def test_a_file_without_text_is_refused_with_its_own_reason(name: str) -> None:
    make, reason = files.REFUSED[name]

    with pytest.raises(Unreadable) as refused:
        read(make(), name)

    assert refused.value.problem == Problem(reason)


def test_a_file_over_the_limit_is_refused() -> None:
    with pytest.raises(Unreadable) as refused:
        read(b"a" * (MAX_BYTES + 1), "cv.txt")

    assert refused.value.problem is Problem.TOO_LARGE


def test_the_reason_never_quotes_the_resume() -> None:
    broken = files.docx("<w:p><w:r><w:t>Jane &unheard; Example</w:t></w:r>")

    with pytest.raises(Unreadable) as refused:
        read(broken, "Jane Example.docx")

    assert refused.value.problem is Problem.DAMAGED
    assert "Jane" not in str(refused.value) and "unheard" not in str(refused.value)


def test_pages_are_joined_by_a_blank_line() -> None:
    document = read(files.pdf(["One page"], pages=2), "cv.pdf")

    assert document.pages == ("One page", "One page")
    assert document.text == "One page\n\nOne page"


def test_every_kind_has_a_reader_and_a_usual_ending() -> None:
    assert set(READERS) == set(FileKind)
    assert set(ENDINGS) == set(FileKind)


def test_a_document_survives_json() -> None:
    document = Document(
        "text/plain",
        "text",
        ("Zoë", ""),
        (
            Flag(FlagKind.RECOGNISED, {"confidence": 96}, 2),
            Flag(FlagKind.PAGES_NOT_RECOGNISED, {"pages": [1, 3], "cause": "late"}, file="a.pdf"),
            Flag(FlagKind.LOOK_ALIKE_LETTERS, spans=((0, 3), (5, 7))),
        ),
        Contact("Zoë Ek", "", "1"),
    )

    assert Document.from_json(json.loads(json.dumps(document.to_json()))) == document


@pytest.mark.parametrize(
    "spoilt",
    [
        {"pages": ["with \0 in it"]},
        {"pages": ["\ud800"]},
        {"pages": [1]},
        {"flags": [{}]},
        {"contact": None},
        {"reader": None},
    ],
)
def test_values_that_no_reader_makes_are_not_taken_from_json(spoilt: dict[str, object]) -> None:
    good = Document("text/plain", "text", ("Jane",)).to_json()
    assert Document.from_json(good)

    with pytest.raises((KeyError, TypeError, ValueError)):
        Document.from_json({**good, **spoilt})


@pytest.mark.parametrize("problem", Problem)
def test_a_reason_says_what_is_wrong_and_what_to_do(problem: Problem) -> None:
    assert problem.sentence.endswith(".")
    assert problem.sentence.count(". ") >= 1, "one sentence for what, one for the remedy"
    assert len(problem.value) <= 40, "the column holds 40"


def test_sentences_name_the_limits_that_hold() -> None:
    assert f"{MAX_BYTES // 1024 // 1024} MB" in Problem.TOO_LARGE.sentence
    assert f"{MAX_PAGES} pages" in Problem.TOO_MANY_PAGES.sentence
    assert f"{READING_SECONDS:g} seconds" in Problem.TOO_SLOW.sentence


def _loaded(code: str) -> set[str]:
    code += "; import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split()) & set(PARSERS)


@pytest.mark.processes
@pytest.mark.parametrize("module", ["", ".sandbox", ".problems", ".__main__"])
def test_importing_the_room_imports_no_parser(module: str) -> None:
    assert _loaded(f"import candidates.reading{module}") == set()


@pytest.mark.processes
@pytest.mark.parametrize(
    ("make", "name", "needs"),
    [(files.pdf, "cv.pdf", {"pypdfium2"}), (files.text, "cv.txt", set[str]())],
)
def test_reading_loads_only_the_parser_it_needs(
    make: Callable[[], bytes], name: str, needs: set[str]
) -> None:
    assert _loaded(f"import candidates.reading as r; r.read({make()!r}, {name!r})") == needs
