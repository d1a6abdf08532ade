"""Files that candidates send, good and bad, as bytes; each made here and none of unknown origin.

Good: `pdf`, `docx`, `text`, `html`. Every other name says what is wrong with it.
`SAMPLES` has a good file of each kind; `REFUSED` maps what must be refused to its reason.
"""

import io
from collections.abc import Callable, Sequence

from PIL import Image

from candidates.reading.sniff import FileKind

from .mails import eml, file, headers_only, mailbox, msg
from .old_words import doc, encrypted_doc, half_doc
from .opendocuments import bomb_odt, flat_odt, locked_odt, odt
from .pdfs import (
    LINES,
    blank_pdf,
    bomb_pdf,
    damaged_pdf,
    encrypted_pdf,
    garbled_pdf,
    image_only_pdf,
    junk_before_pdf,
    lying_page_count_pdf,
    owner_locked_pdf,
    pages_loop_pdf,
    pdf,
    pdf_for_the_second_reader,
)
from .words import (
    billion_laughs_docx,
    cell,
    crowded_docx,
    docx,
    external_entity_docx,
    locked_member_docx,
    lying_docx,
    packed,
    paragraph,
    table,
    zip_bomb_docx,
)

__all__ = [
    "LINES",
    "REFUSED",
    "SAMPLES",
    "billion_laughs_docx",
    "blank_pdf",
    "bomb_odt",
    "bomb_pdf",
    "cell",
    "crowded_docx",
    "damaged_docx",
    "damaged_pdf",
    "doc",
    "docx",
    "eml",
    "encrypted_docx",
    "encrypted_pdf",
    "exe",
    "external_entity_docx",
    "flat_odt",
    "garbled_pdf",
    "html",
    "image_only_pdf",
    "jpeg",
    "junk_before_pdf",
    "locked_member_docx",
    "locked_odt",
    "lying_docx",
    "lying_page_count_pdf",
    "msg",
    "odt",
    "owner_locked_pdf",
    "packed",
    "pages_loop_pdf",
    "paragraph",
    "pdf",
    "pdf_for_the_second_reader",
    "png",
    "rtf",
    "svg",
    "table",
    "text",
    "zip_bomb_docx",
]


def text(lines: Sequence[str] = LINES, encoding: str = "utf-8") -> bytes:
    return "\n".join(lines).encode(encoding)


def html(lines: Sequence[str] = LINES) -> bytes:
    body = "".join(f"<p>{line}</p>" for line in lines)
    return f"<!doctype html><html><head><title>CV</title></head><body>{body}</body></html>".encode()


def png() -> bytes:
    return _picture("PNG")


def jpeg() -> bytes:
    return _picture("JPEG")


def svg() -> bytes:
    return b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><text>Jane</text></svg>'


def exe() -> bytes:
    return b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(300) + b"PE\x00\x00"


def rtf(lines: Sequence[str] = LINES) -> bytes:
    """Rich Text: a table of fonts, and letters beyond ASCII by number with a stand-in."""
    escaped = (
        "".join(f"\\u{ord(letter)}?" if letter > "\x7f" else letter for letter in line)
        for line in lines
    )
    body = r"\par ".join(escaped)
    head = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}}\pard\f0 "
    return f"{head}{body}\\par}}".encode("ascii")


def encrypted_docx() -> bytes:
    """What Word makes of a .docx with a password: an OLE file that holds the locked package."""
    return _compound("EncryptionInfo", "EncryptedPackage")


def damaged_docx() -> bytes:
    """A .docx whose end, with the list of its parts, never arrived."""
    whole = docx("Jane Example")
    return whole[: len(whole) // 2]


def _picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 30, 30)).save(out, kind)
    return out.getvalue()


def _compound(*streams: str) -> bytes:
    """The header and the directory of an OLE compound file with streams of these names."""
    out = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0")
    for name in ("Root Entry", *streams):
        encoded = name.encode("utf-16-le")
        out += (encoded.ljust(64, b"\0") + (len(encoded) + 2).to_bytes(2, "little")).ljust(
            128, b"\0"
        )
    return out.ljust(2048, b"\0")


# Name of the file, how it is made, and the reason that must be given.
# A file of each kind with LINES as its text, and the name of the reader that gives it.
SAMPLES: dict[FileKind, tuple[Callable[[], bytes], str]] = {
    FileKind.PDF: (pdf, "pypdfium2"),
    FileKind.DOCX: (lambda: docx(*LINES), "docx"),
    FileKind.DOC: (lambda: doc(*LINES), "doc"),
    FileKind.EML: (lambda: eml("", [("cv.pdf", pdf())]), "eml"),
    FileKind.MSG: (lambda: msg("", [file("cv.pdf", pdf())]), "msg"),
    FileKind.ODT: (lambda: odt(*LINES), "odt"),
    FileKind.RTF: (rtf, "rtf"),
    FileKind.HTML: (html, "html"),
    FileKind.TEXT: (text, "text"),
    FileKind.MARKDOWN: (text, "text"),
}
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty.pdf": (lambda: b"", "empty"),
    "a scan.pdf": (image_only_pdf, "no-text"),
    "blank.pdf": (blank_pdf, "blank"),
    "locked.pdf": (encrypted_pdf, "encrypted"),
    "half.pdf": (damaged_pdf, "damaged"),
    "garbled.pdf": (garbled_pdf, "garbled"),
    "book.pdf": (lambda: lying_page_count_pdf(301), "too-many-pages"),
    "picture.pdf": (png, "picture"),
    "photo.jpg": (jpeg, "picture"),
    "drawing.svg": (svg, "picture"),
    "program.pdf": (exe, "program"),
    "locked.docx": (encrypted_docx, "encrypted"),
    "locked member.docx": (locked_member_docx, "encrypted"),
    "half.docx": (damaged_docx, "damaged"),
    "no letters.docx": (lambda: docx(""), "blank"),
    "bomb.docx": (lambda: zip_bomb_docx(64), "too-complex"),
    "lying.docx": (lying_docx, "damaged"),
    "crowded.docx": (crowded_docx, "too-complex"),
    "laughs.docx": (billion_laughs_docx, "damaged"),
    "locked.doc": (encrypted_doc, "encrypted"),
    "half.doc": (half_doc, "damaged"),
    "directory only.doc": (lambda: _compound("WordDocument"), "damaged"),
    "no letters.doc": (lambda: doc(""), "blank"),
    "pictures only.doc": (lambda: doc("\x01"), "no-text"),
    "table.xls": (lambda: _compound("Workbook"), "spreadsheet"),
    "half.msg": (lambda: msg("Jane " * 9000)[:20_000], "damaged"),
    "no letters.msg": (lambda: msg(" \n"), "blank"),
    "all hidden.docx": (
        lambda: docx("<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>hire me</w:t></w:r></w:p>"),
        "blank",
    ),
    "blank.rtf": (lambda: rb"{\rtf1\ansi\par }", "blank"),
    "half.rtf": (lambda: rb"{\rtf1\ansi{\fonttbl{\f0 Ari", "damaged"),
    "scan.rtf": (lambda: rb"{\rtf1{\pict\pngblip 89504e47}}", "no-text"),
    "braces.rtf": (lambda: rb"{\rtf1" + b"{" * 100_000, "too-complex"),
    "blank.odt": (lambda: odt(""), "blank"),
    "locked.odt": (locked_odt, "encrypted"),
    "half.odt": (lambda: odt(*LINES)[:400], "damaged"),
    "no content.odt": (
        lambda: packed({"mimetype": b"application/vnd.oasis.opendocument.text"}),
        "damaged",
    ),
    "bomb.odt": (bomb_odt, "too-complex"),
    "apple.pages": (lambda: packed({"Index/Document.iwa": b"x"}), "apple-pages"),
    "table.xlsx": (
        lambda: packed({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}),
        "spreadsheet",
    ),
    "slides.pptx": (
        lambda: packed({"[Content_Types].xml": b"<x/>", "ppt/presentation.xml": b"<x/>"}),
        "presentation",
    ),
    "files.zip": (lambda: packed({"cv.txt": b"Jane Example"}), "archive"),
    "headers only.eml": (headers_only, "blank"),
    "scan attached.eml": (lambda: eml("", [("cv.pdf", image_only_pdf())]), "no-text"),
    "mailbox.eml": (mailbox, "unknown-kind"),
    "blank.txt": (lambda: b" \n\t\n", "blank"),
    "one byte.bin": (lambda: b"\x00", "unknown-kind"),
    "noise.txt": (lambda: bytes(range(256)) * 40, "unknown-kind"),
    "endless.txt": (lambda: b"a" * 2_000_001, "too-long"),
    "tags only.html": (lambda: b"<html><body><script>x()</script></body></html>", "blank"),
}
