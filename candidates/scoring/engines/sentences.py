"""Cut a document into sentences with their offsets: bullets, headings, and wrapped lines joined."""

import re
from dataclasses import dataclass

BULLET = re.compile(r"\s*(?:[•·●○◦▪▫■□–—*➢➤✓>-]|\d{1,2}[.)])\s+")
STOP = re.compile(r"(?<=[.!?;])\s+(?=[A-Z\d“\"(•])")
WRAPPED_FROM = 45  # characters: a shorter line was ended by its author, not by the page
SEPARATOR = re.compile(r"\s*[,;|•·/]\s*")
LIST_FROM = 5  # parts
WORDS_A_PART = 2.5
LONGEST = 400  # characters; beyond, it is no sentence but a run of text


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str  # what is judged: on one line
    start: int  # offsets in the document, where it stands as it was written
    end: int
    is_list: bool = False  # of keywords: claims without a verb between them


def split(document: str) -> list[Sentence]:
    """All sentences with at least one letter, in their order."""
    found = []
    for start, end in _paragraphs(document):
        at = start
        for stop in STOP.finditer(document, start, end):
            found.append((at, stop.start()))
            at = stop.end()
        found.append((at, end))
    sentences = (_sentence(document, *span) for part in found for span in _cut(document, *part))
    return [sentence for sentence in sentences if any(map(str.isalpha, sentence.text))]


def _paragraphs(document: str) -> list[tuple[int, int]]:
    """Spans of lines that belong together: a line that was wrapped, and what follows it."""
    spans: list[tuple[int, int]] = []
    at = 0
    goes_on = False
    for line in document.splitlines(keepends=True):
        start, at = at, at + len(line)
        # What was taken out, such as a name, is as long as any other.
        text = " ".join(line.split())
        if not text:
            goes_on = False
            continue
        first = next((letter for letter in text if letter.isalnum()), "")
        joins = goes_on and not BULLET.match(line) and (first.islower() or first.isdigit())
        end = start + len(line.rstrip())
        if joins and spans:
            spans[-1] = (spans[-1][0], end)
        else:
            bullet = BULLET.match(line)
            spans.append((start + (bullet.end() if bullet else 0), end))
        goes_on = len(text) >= WRAPPED_FROM and text[-1] not in ".!?:"
    return spans


def _cut(document: str, start: int, end: int) -> list[tuple[int, int]]:
    """A run of text without stops, in pieces of at most LONGEST characters."""
    spans = []
    while end - start > LONGEST:
        space = document.rfind(" ", start, start + LONGEST)
        middle = space if space > start else start + LONGEST
        spans.append((start, middle))
        start = middle
    return [*spans, (start, end)]


def _sentence(document: str, start: int, end: int) -> Sentence:
    piece = document[start:end]
    start += len(piece) - len(piece.lstrip())
    end -= len(piece) - len(piece.rstrip())
    text = " ".join(document[start:end].split())
    return Sentence(text, start, max(start, end), _is_list(text))


def _is_list(text: str) -> bool:
    """Whether `text` is many short parts: "Python, Django, SQL | Docker / AWS"."""
    parts = SEPARATOR.split(text)
    return len(parts) >= LIST_FROM and text.count(" ") / len(parts) < WORDS_A_PART
