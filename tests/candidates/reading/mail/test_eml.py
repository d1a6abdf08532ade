"""A message is read with its attachments: those first, then its own words."""

import base64
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from candidates.facts.flags import Flag, FlagKind
from candidates.reading import Document, Problem, Unreadable, read
from candidates.reading.document import PAGE_BREAK
from candidates.reading.limits import MAX_ATTACHMENTS
from tests.makers import files
from tests.makers.mails import email_message, eml, mailbox
from tests.makers.old_words import doc

HEADER = "My application — Jane Example <jane.example@example.com>"
CV = "\n".join(files.LINES)


def message(data: bytes) -> Document:
    return read(data, "application.eml")


def unread(problem: Problem, file: str) -> Flag:
    return Flag(FlagKind.ATTACHMENT_UNREADABLE, {"problem": problem.value}, file=file)


def mislabelled(extension: str, actual: str, file: str = "") -> Flag:
    return Flag(FlagKind.MISLABELLED, {"extension": extension, "actual": actual}, file=file)


def test_the_resume_comes_first_and_the_words_of_the_message_last() -> None:
    attachments = [
        ("photo.txt", b"Some text"),
        ("cover letter.docx", files.docx("Dear Sir or Madam")),
        ("Jane_Example_CV.pdf", files.pdf(pages=2)),
        ("diploma.doc", doc("BSc, with honours")),
    ]

    document = message(eml("Hello,\nsee below.", attachments))

    assert document.pages == (
        *(CV, CV, "BSc, with honours", "Some text", "Dear Sir or Madam"),
        f"{HEADER}\n\nHello,\nsee below.",
    )
    assert (document.media_type, document.reader) == ("message/rfc822", "eml")
    assert document.contact.name == "Jane Example"


def test_a_message_without_attachments_is_its_words() -> None:
    assert message(eml(CV)).text == f"{HEADER}\n\n{CV}"


def test_a_resume_without_words_around_it_has_no_page_of_its_own() -> None:
    document = message(eml("\n", [("cv.pdf", files.pdf())]))

    assert (document.pages, document.flags) == ((CV,), ())


def test_the_plain_text_stands_for_the_page_that_says_the_same() -> None:
    assert message(eml("Plain words", html="<p>Plain words in <b>HTML</b></p>")).text == (
        f"{HEADER}\n\nPlain words"
    )
    assert message(eml("", html="<p>Only <b>HTML</b></p><p>here</p>")).text == (
        f"{HEADER}\n\nOnly HTML\n\nhere"
    )


@pytest.mark.parametrize("coding", ["7bit", "8bit", "base64", "quoted-printable"])
def test_every_transfer_encoding_is_undone(coding: str) -> None:
    mail = EmailMessage()
    mail["From"] = "jane@example.com"
    text = "Jane Example, engineer" if coding == "7bit" else "Zoë Ångström, ingénieure"
    mail.set_content(text, cte=coding)

    assert text in message(mail.as_bytes()).text


@pytest.mark.parametrize("charset", ["koi8-r", "windows-1251", "utf-8", "no-such-charset"])
def test_the_charset_that_is_stated_is_used_and_a_wrong_one_is_got_over(charset: str) -> None:
    real = "utf-8" if charset == "no-such-charset" else charset
    raw = (
        f"From: ivan@example.com\nMIME-Version: 1.0\nContent-Type: text/plain; charset={charset}\n"
        "Content-Transfer-Encoding: 8bit\n\n"
    ).encode() + "Инженер с опытом, Иван Петров".encode(real)

    assert "Инженер с опытом, Иван Петров" in message(raw).text


def test_encoded_words_in_headers_and_names_are_undone() -> None:
    raw = (
        b"From: =?utf-8?q?Zo=C3=AB_=C3=85?= <zoe@example.com>\n"
        b"Subject: =?koi8-r?b?8sXa4M3F?= =?utf-8?b?w6k=?=\nMIME-Version: 1.0\n"
        b"Content-Type: application/octet-stream; name==?utf-8?q?r=C3=A9sum=C3=A9=2Ezip?=\n"
        b"Content-Disposition: attachment; filename*=utf-8''r%C3%A9sum%C3%A9.xyz\n"
        b"Content-Transfer-Encoding: base64\n\n"
    ) + base64.b64encode(files.pdf())

    document = message(raw)

    assert document.text == CV


def test_what_cannot_be_read_is_said_and_costs_only_itself() -> None:
    attachments = [
        ("résumé.pdf", files.pdf()),
        ("scan.pdf", files.image_only_pdf()),
        ("works.zip", files.packed({"cv.txt": b"Jane"})),
        ("empty.docx", b""),
    ]

    document = message(eml("Hello", attachments))

    assert document.pages[0] == CV
    assert document.flags == (
        unread(Problem.NO_TEXT, "scan.pdf"),
        unread(Problem.EMPTY, "empty.docx"),
        unread(Problem.ARCHIVE, "works.zip"),
    )


def test_flags_of_an_attachment_point_to_its_words_in_the_whole_text() -> None:
    # Cyrillic letters that look Latin; the letter before it makes the second page the résumé's.
    spoilt = "Jane Example, expert in \u0420\u0443th\u043en and SQL".encode()
    inner = email_message("See below", [("b.txt", spoilt)], subject="Fwd")

    document = message(eml("Hello", [("cv.pdf", files.pdf()), ("a.txt", spoilt), ("", inner)]))

    flags = [flag for flag in document.flags if flag.kind == FlagKind.LOOK_ALIKE_LETTERS]
    assert [flag.file for flag in flags] == ["a.txt", "Fwd.eml › b.txt"]
    assert [flag.page for flag in flags] == [2, 3]
    for flag in flags:
        ((start, end),) = flag.spans
        assert document.text[start:end] == "Python"
        assert len(PAGE_BREAK.join(document.pages[: (flag.page or 0) - 1])) < start
    assert flags[0].spans != flags[1].spans


def test_without_any_text_the_reason_is_that_of_the_first_attachment() -> None:
    with pytest.raises(Unreadable) as refused:
        message(eml("", [("cv.pdf", files.encrypted_pdf()), ("z.png", files.png())]))

    assert refused.value.problem is Problem.ENCRYPTED


def test_flags_and_hidden_text_of_an_attachment_name_it_and_its_page() -> None:
    hiding = doc("Seen", "Unseen", runs=[("Unseen", b"\x3c\x08\x01")])
    document = message(
        eml("Hello", [("cv.pdf", files.pdf()), ("a.doc", hiding), ("b.pdf", files.text())])
    )

    assert document.flags == (mislabelled("pdf", "text", "b.pdf"),)
    assert [(run.kind, run.text, run.page) for run in document.hidden] == [
        ("vanished", "Unseen", 2)
    ]


def _with_picture(disposition: str) -> bytes:
    mail = email_message("Hello", html='<p>Hello</p><img src="cid:logo">')
    mail.get_payload()[1].add_related(  # type: ignore[union-attr,index]
        files.png(), "image", "png", cid="<logo>", filename="logo.png", disposition=disposition
    )
    return mail.as_bytes()


@pytest.mark.parametrize("disposition", ["inline", "attachment"])
def test_a_picture_in_the_text_is_no_attachment(disposition: str) -> None:
    assert message(_with_picture(disposition)).flags == ()


def test_a_picture_sent_as_a_file_is_said() -> None:
    document = message(eml("Hello", [("photo.png", files.png())]))

    assert [flag.kind for flag in document.flags] == ["attachment-unreadable"]


def test_lines_that_flow_are_joined() -> None:
    raw = (
        b"From: a@example.com\nMIME-Version: 1.0\n"
        b"Content-Type: text/plain; format=flowed\n\n"
        b"Eight years of \nPython and \nPostgreSQL.\nNext line\n-- \nJane\n"
    )

    assert message(raw).text.endswith(
        "\n\nEight years of Python and PostgreSQL.\nNext line\n--\nJane"
    )


def test_a_web_page_saved_with_its_pictures_is_read_without_them() -> None:
    page = (
        b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n"
        b"--b\nContent-Location: file:///C:/cv.htm\nContent-Type: text/html\n\n"
        b"<html><body><p>Jane Example</p></body></html>\n"
        b"--b\nContent-Location: file:///C:/filelist.xml\nContent-Type: text/xml\n\n<xml/>\n"
        b"--b\nContent-Location: file:///C:/a.png\nContent-Type: image/png\n\nx\n--b--\n"
    )

    document = read(page, "cv.doc")

    assert document.text == "Jane Example"
    assert document.flags == (mislabelled("doc", "eml"),)


def test_a_file_kept_beside_a_web_page_is_read() -> None:
    mail = email_message("", html="<p>Hello</p>")
    mail.add_related(files.pdf(), "application", "pdf", filename="cv.pdf")

    assert message(mail.as_bytes()).pages[0] == CV


def test_signatures_are_passed_over() -> None:
    mail = email_message("Hello")
    mail.add_attachment(b"x", "application", "pkcs7-signature", filename="smime.p7s")

    assert message(mail.as_bytes()).flags == ()


def _nested(depth: int) -> EmailMessage:
    inner = email_message("The innermost", [("cv.pdf", files.pdf())])
    for _ in range(depth):
        inner = email_message("Forwarded", [("", inner)], subject="Fwd")
    return inner


def test_a_resume_in_a_forwarded_message_is_found() -> None:
    document = message(_nested(2).as_bytes())

    assert document.pages[0] == CV
    assert document.flags == ()


def test_messages_inside_messages_end_somewhere() -> None:
    document = message(_nested(3).as_bytes())

    assert CV not in document.pages
    assert document.flags == (
        unread(Problem.TOO_COMPLEX, "Fwd.eml › Fwd.eml › My application.eml"),
    )


@pytest.mark.parametrize("coding", ["base64", "quoted-printable"])
def test_a_message_that_was_encoded_as_an_attachment_is_read(coding: str) -> None:
    inner = base64.encodebytes(eml(CV)) if coding == "base64" else eml(CV)
    raw = (
        b"From: a@example.com\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
        b"--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: " + coding.encode()
    ) + (b"\n\n" + inner + b"\n--b--\n")

    assert CV in message(raw).text


def test_more_attachments_than_anybody_sends_are_not_opened() -> None:
    many = [(f"{number:03}.txt", b"Text") for number in range(MAX_ATTACHMENTS + 5)]

    document = message(eml("Hello", many))

    assert len(document.pages) == MAX_ATTACHMENTS + 1
    assert Flag(FlagKind.ATTACHMENT_UNREADABLE, {"limit": 50}) in document.flags


BROKEN_HEADERS = {
    "no charset": b"Content-Type: text/plain; charset=",
    "two kinds of continuation": b"Content-Disposition: inline; filename*=a; filename*0=b",
    "wrong base64 in a word": b"Subject: =?utf-8?b?a?= =?x?q?=00?=",
    "bytes of no encoding": b"Subject: R\xe9sum\xe9 \xff",
    "a charset with a NUL": b"Content-Type: text/plain; charset=a\0\nX: " + b"x" * 500,
    "no such kind": b"Content-Type: ;;;=",
    "no such transfer encoding": b"Content-Transfer-Encoding: x-unheard-of",
    "a header without end": b"Subject: " + b"x" * 5000,
}


@pytest.mark.parametrize("header", BROKEN_HEADERS.values(), ids=BROKEN_HEADERS.keys())
def test_a_broken_header_costs_no_text(header: bytes) -> None:
    raw = b"From: jane@example.com\nTo: x@example.com\nMIME-Version: 1.0\n" + header

    assert "Zoë Example, engineer" in message(raw + b"\n\nZo\xc3\xab Example, engineer\n").text


def test_a_multipart_without_its_boundary_is_text() -> None:
    raw = b"From: a@example.com\nMIME-Version: 1.0\nContent-Type: multipart/mixed\n\nJane Example\n"

    assert "Jane Example" in message(raw).text


def test_parts_nested_without_end_are_refused() -> None:
    raw = b"From: a@example.com\nMIME-Version: 1.0\n"
    for number in range(2_000):
        raw += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number)

    with pytest.raises(Unreadable) as refused:
        message(raw + b"\n\nJane")

    assert refused.value.problem is Problem.TOO_COMPLEX


@pytest.mark.parametrize(
    ("make", "name", "kind"),
    [
        (eml, "application", "message/rfc822"),
        (eml, "application.txt", "message/rfc822"),
        (lambda: b"From jane Mon Nov 23 10:00:00 2026\n" + eml(), "one", "message/rfc822"),
        (lambda: b"Subject: Application\n\nJane Example", "a.eml", "message/rfc822"),
        (lambda: b"Name: Jane\nPhone: 1\nEmail: x@example.com\nCity: Bern\n", "a", "text/plain"),
        (lambda: b"Subject: Application\n\nJane Example", "a.txt", "text/plain"),
    ],
)
def test_a_message_is_known_by_its_headers(make: Callable[[], bytes], name: str, kind: str) -> None:
    assert read(make(), name).media_type == kind


def test_a_mailbox_of_one_message_is_that_message_and_of_several_is_refused() -> None:
    with pytest.raises(Unreadable) as refused:
        read(mailbox(), "mails.mbox")

    assert refused.value.problem is Problem.UNKNOWN_KIND
    assert "mbox" in refused.value.detail
