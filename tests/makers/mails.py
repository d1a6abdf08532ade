"""E-mail messages for tests: .eml by the standard library, .msg as compound files by hand."""

import struct
from collections.abc import Mapping, Sequence
from email.message import EmailMessage

from .compound import Tree, compound
from .pdfs import LINES

NOTE = "Please find my résumé attached."
TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "png": "image/png",
    "txt": "text/plain",
    "zip": "application/zip",
}


def eml(
    body: str = NOTE,
    attachments: Sequence[tuple[str, bytes | EmailMessage]] = (),
    *,
    html: str = "",
    subject: str = "My application",
) -> bytes:
    return email_message(body, attachments, html=html, subject=subject).as_bytes()


def email_message(
    body: str = NOTE,
    attachments: Sequence[tuple[str, bytes | EmailMessage]] = (),
    *,
    html: str = "",
    subject: str = "My application",
) -> EmailMessage:
    """A message with a plain body, its copy in HTML if given, and attachments by name."""
    message = EmailMessage()
    message["From"] = "Jane Example <jane.example@example.com>"
    message["To"] = "jobs@example.com"
    message["Subject"] = subject
    message["Message-ID"] = "<1@example.com>"
    if body:
        message.set_content(body)
    if html and body:
        message.add_alternative(html, subtype="html")
    elif html:
        message.set_content(html, subtype="html")
    for name, content in attachments:
        if isinstance(content, EmailMessage):
            message.add_attachment(content)
        else:
            kind = TYPES.get(name.rpartition(".")[2], "application/octet-stream")
            main, _, sub = kind.partition("/")
            message.add_attachment(content, main, sub, filename=name)
    return message


def msg(
    body: str = NOTE,
    attachments: Sequence[Tree] = (),
    *,
    subject: str = "My application",
    html: bytes = b"",
    rtf: bytes = b"",
    narrow: str = "",
) -> bytes:
    """An Outlook message; attachments are made by `file`, `link` and `inner`. With `narrow`, a
    codec for Windows code pages such as "cp1251", texts are kept in it."""
    return compound(
        message_tree(body, attachments, subject=subject, html=html, rtf=rtf, narrow=narrow)
    )


def message_tree(
    body: str = NOTE,
    attachments: Sequence[Tree] = (),
    *,
    subject: str = "My application",
    html: bytes = b"",
    rtf: bytes = b"",
    narrow: str = "",
    inside: bool = False,
) -> Tree:
    fixed = {0x3FFD: int(narrow.removeprefix("cp"))} if narrow else {}
    texts = {0x0037: subject, 0x0C1A: "Jane Example", 0x5D01: "jane.example@example.com"}
    if body:
        texts[0x1000] = body
    tree: dict[str, bytes | Tree] = {
        "__properties_version1.0": bytes(24 if inside else 32) + _fixed(fixed)
    }
    tree |= _texts(texts, narrow)
    if html:
        tree["__substg1.0_10130102"] = html
    if rtf:
        tree["__substg1.0_10090102"] = rtf
    for number, attachment in enumerate(attachments):
        tree[f"__attach_version1.0_#{number:08X}"] = attachment
    return tree


def file(name: str, content: bytes, *, kind: str = "", content_id: str = "") -> Tree:
    """A file attached to an Outlook message."""
    texts = {0x3707: name}
    if kind:
        texts[0x370E] = kind
    if content_id:
        texts[0x3712] = content_id
    return {
        "__properties_version1.0": bytes(8) + _fixed({0x3705: 1}),
        "__substg1.0_37010102": content,
        **_texts(texts, ""),
    }


def link(name: str) -> Tree:
    """An attachment that is kept elsewhere."""
    return {"__properties_version1.0": bytes(8) + _fixed({0x3705: 7}), **_texts({0x3707: name}, "")}


def inner(message: Tree) -> Tree:
    """A message attached to an Outlook message."""
    return {
        "__properties_version1.0": bytes(8) + _fixed({0x3705: 5}),
        "__substg1.0_3701000D": message,
    }


def headers_only() -> bytes:
    return (
        b"Return-Path: <jane@example.com>\nFrom: jane@example.com\nTo: jobs@example.com\n"
        b"Subject: My application\nMIME-Version: 1.0\n\n"
    )


def mailbox() -> bytes:
    """Two messages in one file (mbox)."""
    message = b"From jane@example.com Mon Nov 23 10:00:00 2026\n" + eml()
    return message + b"\n" + message


def resume_eml() -> bytes:
    return eml("\n".join(LINES), subject="")


def _texts(texts: Mapping[int, str], narrow: str) -> dict[str, bytes]:
    ending, codec = ("001E", narrow) if narrow else ("001F", "utf-16-le")
    return {f"__substg1.0_{tag:04X}{ending}": text.encode(codec) for tag, text in texts.items()}


def _fixed(values: Mapping[int, int]) -> bytes:
    return b"".join(
        struct.pack("<HHIII", 0x0003, tag, 6, value, 0) for tag, value in values.items()
    )
