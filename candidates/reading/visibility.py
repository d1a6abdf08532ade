"""Shared by the formats of word processors and browsers: colours, the rules for text that cannot be
seen, characters of symbol fonts, and how a row of a table becomes lines.

The words for a kind of hiding are the same for all formats: "vanished" (marked as not shown),
"low-contrast", "tiny", "squeezed", "transparent", "off-page".
"""

import re
from collections.abc import Iterable, Sequence

from .document import Hidden

VANISHED, LOW_CONTRAST, TINY, SQUEEZED = "vanished", "low-contrast", "tiny", "squeezed"
TRANSPARENT, OFF_PAGE = "transparent", "off-page"

Colour = tuple[int, int, int]  # red, green, blue, each 0 to 255
# Colours that a ground may have, None where they are unknown. Text is hidden only if it cannot
# be seen on any of them.
Grounds = frozenset[Colour] | None

WHITE: Colour = (255, 255, 255)
PAPER: Grounds = frozenset((WHITE,))
# Of 256 levels, in the channel that differs most; below it a letter cannot be seen.
MIN_CONTRAST_LEVELS = 24
TINY_POINTS = 1.5  # points up to which a letter is a speck
MIN_WIDTH_PERCENT = 20  # per cent of its width: a letter below that is a stroke

NAMED_COLOURS: dict[str, Colour] = {
    **{"white": WHITE, "black": (0, 0, 0), "red": (255, 0, 0), "green": (0, 128, 0)},
    **{"blue": (0, 0, 255), "yellow": (255, 255, 0), "cyan": (0, 255, 255)},
    **{"magenta": (255, 0, 255), "gray": (128, 128, 128), "grey": (128, 128, 128)},
    **{"silver": (192, 192, 192), "lightgray": (211, 211, 211), "navy": (0, 0, 128)},
    **{"darkblue": (0, 0, 139), "darkcyan": (0, 139, 139), "darkgreen": (0, 100, 0)},
    **{"darkmagenta": (139, 0, 139), "darkred": (139, 0, 0), "darkyellow": (128, 128, 0)},
    **{"darkgray": (169, 169, 169), "teal": (0, 128, 128), "maroon": (128, 0, 0)},
    **{"snow": (255, 250, 250), "ivory": (255, 255, 240), "ghostwhite": (248, 248, 255)},
    **{"whitesmoke": (245, 245, 245), "floralwhite": (255, 250, 240)},
}
HEX = re.compile(r"#?([0-9a-fA-F]{6})(?:[0-9a-fA-F]{2})?\b|#([0-9a-fA-F]{3})\b")

# Word writes characters of symbol fonts at U+F000 and up; bullets are made of these.
SYMBOLS = {"B7": "•", "A7": "▪", "D8": "➢", "FC": "✓", "E0": "→", "6F": "□", "2D": "-"}


def colour(text: str) -> Colour | None:
    """Of "#rrggbb", "rrggbb", "#rgb" or a common English name; None for anything else."""
    text = text.strip()
    match = HEX.match(text)
    if match is None:
        return NAMED_COLOURS.get(text.lower())
    digits = match.group(1) or "".join(2 * digit for digit in match.group(2))
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def look_alike(colour: Colour, other: Colour) -> bool:
    """Whether letters of one colour cannot be seen on the other."""
    return max(abs(a - b) for a, b in zip(colour, other, strict=True)) < MIN_CONTRAST_LEVELS


def is_lost(ink: Colour, grounds: Grounds) -> bool:
    """Whether `ink` cannot be seen on any colour that the ground may have."""
    return bool(grounds) and all(look_alike(ink, ground) for ground in grounds or ())


def symbol(code: int) -> str:
    """The character that one of a symbol font stands for, "" where that is not known."""
    return SYMBOLS.get(f"{code & 0xFF:02X}", "")


def row_lines(cells: Sequence[str]) -> list[str]:
    """A row of one-line cells is one line with tabs; in a table that only lays out a page the
    cells hold whole sections, and follow each other."""
    if any("\n" in cell for cell in cells):
        return [cell for cell in cells if cell.strip()]
    return ["\t".join(cells).rstrip("\t")]


class Line:
    """One line while it is put together: the text that is seen, the text that is hidden, and the
    boxes anchored in it, which follow it."""

    __slots__ = ("boxes", "hidden_pieces", "shown")

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.hidden_pieces: list[tuple[str, str]] = []  # (how, text)
        self.boxes: list[str] = []

    def add(self, text: str, hiding: str = "") -> None:
        """Add text; `hiding` is "" for text that is seen."""
        if not hiding or (hiding != VANISHED and not text.strip()):
            # A white blank parts words like any other; a vanished one takes no room.
            self.shown.append(text)
            if hiding and self.hidden_pieces:
                self.hidden_pieces.append((self.hidden_pieces[-1][0], text))
        else:
            self.hidden_pieces.append((hiding, text))

    def end(self, lines: list[str], hidden: list[Hidden]) -> None:
        """Hand over the line. One that is hidden altogether leaves no gap."""
        text = "".join(self.shown)
        if text.strip() or not self.hidden_pieces:
            lines.append(text)
        lines += self.boxes
        hidden += runs(self.hidden_pieces)


def runs(pieces: Iterable[tuple[str, str]]) -> list[Hidden]:
    """Neighbouring pieces (kind of hiding, text) of one kind as one. Those without a letter are
    left out as specks; those of no kind only separate the others."""
    groups: list[tuple[str, list[str]]] = []
    for hiding, text in pieces:
        if not groups or groups[-1][0] != hiding:
            groups.append((hiding, []))
        groups[-1][1].append(text)
    joined = [(hiding, " ".join("".join(texts).split())) for hiding, texts in groups]
    return [
        Hidden(hiding, text) for hiding, text in joined if hiding and any(map(str.isalnum, text))
    ]
