"""A message and its attachments, put together: the rules that .eml and .msg share.

Applicants attach the résumé to a few words, so the attachments come first.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from candidates.facts.flags import Flag, FlagKind
from candidates.reading.clean import clean, shortened
from candidates.reading.context import ReadingContext
from candidates.reading.document import Document, Hidden, page_start
from candidates.reading.limits import (
    MAX_ATTACHED_BYTES,
    MAX_ATTACHMENTS,
    MAX_MESSAGE_DEPTH,
    MAX_PAGES,
)
from candidates.reading.parsed import Parsed
from candidates.reading.problems import Problem, Unreadable
from candidates.reading.sniff import ENDINGS

RESUME_NAME = re.compile(
    r"r[eé]sum[eé]|\bcv\b|curriculum|vitae|lebenslauf|zivotopis|životopis|cvitae|currículo",
    re.IGNORECASE,
)
LETTER_NAME = re.compile(r"cover|letter|anschreiben|motivation|reference|zeugnis|certificat", re.I)
DOCUMENT_NAME = re.compile(r"\.(?:pdf|docx?|docm|odt|rtf)$", re.IGNORECASE)
FILE_SEPARATOR = " › "  # between a file and one inside it
MESSAGE_NAME = re.compile(r"\.(?:eml|msg)$", re.IGNORECASE)
WORD_PARTS = re.compile(r"[_\W]+")


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment; `read` gives its text or raises Unreadable, `size` is in bytes."""

    name: str
    size: int
    read: Callable[[], Document | Parsed]


@dataclass(frozen=True, slots=True)
class MailMessage:
    """The message itself: one line of subject and sender, and the text below it."""

    header: str
    body: Callable[[], Parsed]
    attached: Sequence[Attachment]
    flags: tuple[Flag, ...] = ()


def put_together(reader: str, message: MailMessage, context: ReadingContext) -> Parsed:
    """The pages of the attachments, résumés first, then the message as one page.

    An attachment that cannot be read costs itself alone and is flagged. Raises Unreadable, with
    the reason of the first attachment, where nothing gives text.
    """
    if context.message_depth >= MAX_MESSAGE_DEPTH:
        raise Unreadable(
            Problem.TOO_COMPLEX, f"messages inside messages, {context.message_depth} deep"
        )
    out = _MailPages(list(message.flags))
    context.message_depth += 1
    try:
        out.read_all(message.attached, context)
    finally:
        context.message_depth -= 1
    pages = len(out.pages)
    out.read("", message.body)
    if not any(clean(page).text for page in out.pages):
        raise (
            Unreadable(out.refused.problem, out.refused.detail)
            if out.refused
            else Unreadable(Problem.BLANK, reader)
        )
    if len(out.pages) > MAX_PAGES:
        raise Unreadable(Problem.TOO_MANY_PAGES, f"{len(out.pages)} pages in attachments")
    if len(out.pages) > pages:
        out.pages[pages:] = [message.header + "\n\n" + "\n\n".join(out.pages[pages:])]
    return Parsed(reader, tuple(out.pages), tuple(out.flags), paged=True, hidden=tuple(out.hidden))


def shown_name(name: str, kind: str) -> str:
    """The name of an attachment as it may be shown; without one, a name by its media type."""
    shown = shortened(clean(name).text)
    if shown:
        return shown
    return "attachment." + ENDING_OF_TYPE.get(kind, "bin")


ENDING_OF_TYPE = {kind.value: ending for kind, ending in ENDINGS.items()} | {"text/rtf": "rtf"}


class _MailPages:
    """The pages so far; `refused` is the reason of the first attachment that gave none."""

    def __init__(self, flags: list[Flag]) -> None:
        self.pages: list[str] = []
        self.flags = flags
        self.hidden: list[Hidden] = []
        self.refused: Unreadable | None = None

    def read_all(self, attached: Sequence[Attachment], context: ReadingContext) -> None:
        for attachment in sorted(attached, key=lambda attachment: _order(attachment.name)):
            context.attachments += 1
            context.attached_bytes += attachment.size
            if context.attachments > MAX_ATTACHMENTS:
                limit = {"limit": MAX_ATTACHMENTS}
                self.flags.append(Flag(FlagKind.ATTACHMENT_UNREADABLE, limit))
                return
            if context.attached_bytes > MAX_ATTACHED_BYTES:
                self.refuse(
                    attachment.name,
                    Unreadable(Problem.TOO_LARGE, f"{context.attached_bytes} bytes attached"),
                )
                return
            self.read(attachment.name, attachment.read)

    def read(self, name: str, read: Callable[[], Document | Parsed]) -> None:
        """Add what `read` gives; `name` is empty for the message's own text."""
        try:
            content = read()
        except Unreadable as refused:
            # A message without words of its own is common and no fault.
            if name or refused.problem is not Problem.BLANK:
                self.refuse(name, refused)
            return
        except Exception as error:  # noqa: BLE001
            # A reader that fails on one attachment must not cost the résumé beside it. Only the
            # type of the error goes on: its message may quote the text.
            self.refuse(name, Unreadable(Problem.CRASHED, type(error).__name__))
            return
        before = len(self.pages)
        for flag in content.flags:
            page = None if flag.page is None else before + flag.page
            if flag.spans:  # they count from the beginning of a page from here on
                page = page or before + 1
                if isinstance(content, Document):
                    flag = flag.moved(-page_start(content.pages, flag.page))
            file = FILE_SEPARATOR.join(filter(None, (name, flag.file)))
            self.flags.append(replace(flag, file=file, page=page))
        self.hidden += [
            replace(run, page=before + (1 if run.page is None else run.page))
            for run in content.hidden
        ]
        self.pages += content.pages

    def refuse(self, name: str, refused: Unreadable) -> None:
        self.refused = self.refused or refused
        problem = {"problem": refused.problem.value}
        self.flags.append(Flag(FlagKind.ATTACHMENT_UNREADABLE, problem, file=name))


def _order(name: str) -> int:
    words = WORD_PARTS.sub(" ", name)
    if LETTER_NAME.search(words):
        return 3
    if RESUME_NAME.search(words):
        return 0
    if DOCUMENT_NAME.search(name):
        return 1
    return 4 if MESSAGE_NAME.search(name) else 2
