"""Cut a document into sentences with their offsets: bullets, headings, and wrapped lines joined."""

import re
from dataclasses import dataclass

BULLET = re.compile(r"\s*(?:[•·●○◦▪▫■□–—*➢➤✓>-]|\d{1,2}[.)])\s+")
STOP = re.compile(r"(?<=[.!?;])\s+(?=[A-Z\d“\"(•])")
MIN_WRAPPED_CHARACTERS = 45  # a shorter line was ended by its author, not by the page
SEPARATOR = re.compile(r"\s*[,;|•·/]\s*")
MIN_LIST_PARTS = 5
MAX_WORDS_PER_PART = 2.5  # of a list, on average
MAX_SENTENCE_CHARACTERS = 400  # beyond, it is no sentence but a run of text


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence on one line, and its offsets in the document, where it stands as written."""

    text: str
    start: int
    end: int
    is_list: bool = False  # of keywords, without a verb between them


def split(document: str) -> list[Sentence]:
    """Return all sentences with at least one letter, in their order."""
    spans = []
    for paragraph_start, paragraph_end in _paragraphs(document):
        start = paragraph_start
        for stop in STOP.finditer(document, paragraph_start, paragraph_end):
            spans.append((start, stop.start()))
            start = stop.end()
        spans.append((start, paragraph_end))
    sentences = (_sentence(document, *piece) for span in spans for piece in _cut(document, *span))
    return [sentence for sentence in sentences if any(map(str.isalpha, sentence.text))]


def _paragraphs(document: str) -> list[tuple[int, int]]:
    """Return the spans of lines that belong together: a wrapped line and its continuation."""
    spans: list[tuple[int, int]] = []
    next_start = 0
    is_wrapped = False
    for line in document.splitlines(keepends=True):
        start, next_start = next_start, next_start + len(line)
        # Blanks in place of what was redacted do not count: names differ in length.
        text = " ".join(line.split())
        if not text:
            is_wrapped = False
            continue
        first = next((letter for letter in text if letter.isalnum()), "")
        continues = is_wrapped and not BULLET.match(line) and (first.islower() or first.isdigit())
        end = start + len(line.rstrip())
        if continues and spans:
            spans[-1] = (spans[-1][0], end)
        else:
            bullet = BULLET.match(line)
            spans.append((start + (bullet.end() if bullet else 0), end))
        is_wrapped = len(text) >= MIN_WRAPPED_CHARACTERS and text[-1] not in ".!?:"
    return spans


def _cut(document: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut a run of text without stops into pieces of at most MAX_SENTENCE_CHARACTERS."""
    spans = []
    while end - start > MAX_SENTENCE_CHARACTERS:
        space = document.rfind(" ", start, start + MAX_SENTENCE_CHARACTERS)
        middle = space if space > start else start + MAX_SENTENCE_CHARACTERS
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
    return len(parts) >= MIN_LIST_PARTS and text.count(" ") / len(parts) < MAX_WORDS_PER_PART
