"""What a reader of one family of formats hands back, before the text is cleaned."""

from dataclasses import dataclass

from candidates.facts.flags import Flag

from .document import Hidden


@dataclass(frozen=True, slots=True)
class Parsed:
    """Raw text of each page; `paged` is false for formats that have no pages of their own."""

    reader: str
    pages: tuple[str, ...]
    flags: tuple[Flag, ...] = ()
    paged: bool = False
    hidden: tuple[Hidden, ...] = ()
