"""An Outlook message is read like any other, from the properties it is kept in."""

import struct

import pytest

from candidates.reading import Document, Problem, Unreadable, read
from candidates.reading.mail.msg import RTF_DICTIONARY, decompressed_rtf
from tests.makers import files
from tests.makers.mails import file, inner, link, message_tree, msg

HEADER = "My application — Jane Example <jane.example@example.com>"
CV = "\n".join(files.LINES)


def message(data: bytes) -> Document:
    return read(data, "application.msg")


def test_the_resume_comes_first_and_the_words_of_the_message_last() -> None:
    document = message(
        msg("Hello", [file("letter.txt", b"Dear Sir"), file("Jane CV.pdf", files.pdf(pages=2))])
    )

    assert document.pages == (CV, CV, "Dear Sir", f"{HEADER}\n\nHello")
    assert (document.media_type, document.reader) == ("application/vnd.ms-outlook", "msg")
    assert (document.flags, document.contact.name) == ((), "Jane Example")


def test_texts_in_a_code_page_are_read_in_it() -> None:
    document = message(msg("Инженер с опытом", subject="Резюме", narrow="cp1251"))

    assert document.text == ("Резюме — Jane Example <jane.example@example.com>\n\nИнженер с опытом")


def test_the_page_is_read_where_there_is_no_plain_text() -> None:
    page = "<html><body><p>Zoë</p><p>Engineer</p></body></html>".encode()

    assert message(msg("", html=page)).text == f"{HEADER}\n\nZoë\n\nEngineer"


def test_a_message_attached_is_read_with_what_is_attached_to_it() -> None:
    forwarded = message_tree("The original", [file("cv.pdf", files.pdf())], inside=True)

    document = message(msg("See below", [inner(forwarded)], subject="Fwd"))

    assert document.pages[0] == CV
    assert "The original" in document.pages[1] and "See below" in document.pages[2]


def test_messages_inside_messages_end_somewhere() -> None:
    tree = message_tree("The innermost", inside=True)
    for _ in range(3):
        tree = message_tree("Forwarded", [inner(tree)], inside=True)

    document = message(msg("Outermost", [inner(tree)]))

    assert "The innermost" not in document.text
    assert [flag.kind for flag in document.flags] == ["attachment-unreadable"]


def test_what_cannot_be_read_is_said_and_decoration_is_not() -> None:
    attachments = [
        file("cv.pdf", files.pdf()),
        file("scan.png", files.png(), kind="image/png"),
        file("logo.png", files.png(), kind="image/png", content_id="logo@1"),
        link("in the cloud.docx"),
    ]

    document = message(msg("Hello", attachments))

    assert document.pages[0] == CV
    assert [(flag.kind, flag.file) for flag in document.flags] == [
        ("attachment-unreadable", "in the cloud.docx"),
        ("attachment-unreadable", "scan.png"),
    ]


def test_without_any_text_the_reason_is_that_of_the_first_attachment() -> None:
    with pytest.raises(Unreadable) as refused:
        message(msg("", [file("cv.pdf", files.encrypted_pdf())]))

    assert refused.value.problem is Problem.ENCRYPTED


def packed(tokens: bytes, size: int, kind: bytes = b"LZFu") -> bytes:
    return struct.pack("<II4sI", len(tokens) + 12, size, kind, 0) + tokens


def test_packed_rich_text_is_unpacked() -> None:
    # The example of [MS-OXRTFCP] 4.1.1
    example = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af3"
        "2068656c090020627705b06c647d0a800fa0"
    )

    assert decompressed_rtf(example) == rb"{\rtf1\ansi\ansicpg1252\pard hello world}" + b"\r\n"


def test_rich_text_may_repeat_what_it_is_about_to_write() -> None:
    # The example of [MS-OXRTFCP] 4.1.2
    example = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")

    assert decompressed_rtf(example) == rb"{\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_rich_text_that_is_not_packed_is_taken_as_it_is() -> None:
    assert decompressed_rtf(packed(rb"{\rtf1 Jane}", 12, b"MELA")) == rb"{\rtf1 Jane}"


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (b"short", Problem.DAMAGED),
        (packed(b"", 10, b"XXXX"), Problem.DAMAGED),
        (packed(b"\x01\xff\xf0", 10), Problem.DAMAGED),
        (packed(b"", 0x7FFFFFFF), Problem.TOO_COMPLEX),
    ],
)
def test_rich_text_that_lies_is_refused(made: bytes, problem: Problem) -> None:
    with pytest.raises(Unreadable) as refused:
        decompressed_rtf(made)

    assert refused.value.problem is problem


def test_the_words_that_packing_begins_with_are_those_of_the_format() -> None:
    assert len(RTF_DICTIONARY) == 207
