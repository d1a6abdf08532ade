"""Styles of a Word file, as far as they decide whether text is seen: from the defaults, the styles
and the run itself (ECMA-376 part 1, 17.7.2), on the ground it stands on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from lxml import etree

from candidates.reading.containers.package import attribute, child, local
from candidates.reading.visibility import (
    LOW_CONTRAST,
    MIN_WIDTH_PERCENT,
    PAPER,
    SQUEEZED,
    TINY,
    TINY_POINTS,
    VANISHED,
    Colour,
    Grounds,
    colour,
    is_lost,
)

# Styles based on each other, perhaps in a circle; real chains have less than ten.
MAX_STYLE_CHAIN = 50
OFF_VALUES = frozenset(("false", "0", "off"))
# The names of a theme's colours and their part in the theme (17.18.97).
THEME_COLOUR_NAMES = {
    **{"background1": "lt1", "light1": "lt1", "text1": "dk1", "dark1": "dk1"},
    **{"background2": "lt2", "light2": "lt2", "text2": "dk2", "dark2": "dk2"},
    **{"hyperlink": "hlink", "followedHyperlink": "folHlink"},
    **{f"accent{number}": f"accent{number}" for number in range(1, 7)},
}
DEFAULT_THEME: dict[str, Colour] = {"lt1": (255, 255, 255), "dk1": (0, 0, 0)}


@dataclass(frozen=True, slots=True)
class DocxFill:
    """A ground that is painted; `colour` is None where it is a pattern or unknown."""

    colour: Colour | None


@dataclass(frozen=True, slots=True)
class DocxInk:
    """A colour of letters; None is the automatic one, which always shows."""

    colour: Colour | None


@dataclass(frozen=True, slots=True)
class DocxTextStyle:
    """The properties of letters that one place sets; None where it sets none. `size` is in half
    points, `wide` in per cent of a letter's width."""

    vanish: bool | None = None
    ink: DocxInk | None = None
    size: float | None = None
    fill: DocxFill | None = None
    wide: float | None = None

    def under(self, nearer: "DocxTextStyle") -> "DocxTextStyle":
        """This style, overridden by what `nearer` sets."""
        return DocxTextStyle(
            self.vanish if nearer.vanish is None else nearer.vanish,
            nearer.ink or self.ink,
            self.size if nearer.size is None else nearer.size,
            nearer.fill or self.fill,
            self.wide if nearer.wide is None else nearer.wide,
        )


@dataclass(frozen=True, slots=True)
class DocxSurroundings:
    """Where text stands: on which ground, whether in something hidden, and the table's style."""

    grounds: Grounds = PAPER
    hidden: bool = False
    text_style: DocxTextStyle = DocxTextStyle()

    def on(self, fill: DocxFill | None) -> "DocxSurroundings":
        if fill is None:
            return self
        return replace(self, grounds=None if fill.colour is None else frozenset((fill.colour,)))


UNSTYLED = DocxTextStyle()


@dataclass(frozen=True, slots=True)
class DocxStyle:
    """`look` of its letters, `ground` of its paragraphs or cells, `parts` of a table (first row
    and so on) with a ground of their own."""

    kind: str
    based_on: str
    text_style: DocxTextStyle
    ground: DocxFill | None
    parts: dict[str, DocxFill]


class DocxStyles:
    """The styles and the theme of one file, either of which may be missing."""

    def __init__(
        self, styles: etree._Element | None = None, theme: etree._Element | None = None
    ) -> None:
        self.theme = DEFAULT_THEME | _theme_colours(theme)
        self.styles: dict[str, DocxStyle] = {}
        self.usual: dict[str, str] = {}  # kind -> id of the style that is meant by none
        self.default = UNSTYLED
        self.placeholders = {"PlaceholderText"}
        self._chain: Callable[[str], DocxStyle] = lru_cache(maxsize=None)(self._resolved)
        for element in styles if styles is not None else ():
            if local(element) == "docDefaults":
                self.default = self.read(child(child(element, "rPrDefault"), "rPr"))
            elif local(element) == "style":
                self._add(element)

    def paragraph(
        self, properties: etree._Element | None, surroundings: DocxSurroundings
    ) -> tuple[DocxTextStyle, DocxSurroundings]:
        """The style of a paragraph's letters, and the surroundings that its own shading makes."""
        named = attribute(child(properties, "pStyle"), "val") or self.usual.get("paragraph", "")
        style = self._chain(named)
        own = self.fill(child(properties, "shd"))
        text_style = self.default.under(surroundings.text_style).under(style.text_style)
        return text_style, surroundings.on(own or style.ground)

    def run(self, properties: etree._Element | None, paragraph: DocxTextStyle) -> DocxTextStyle:
        """The style of a run's letters, inside a paragraph whose letters have `paragraph`."""
        if properties is None:
            return paragraph
        named = attribute(child(properties, "rStyle"), "val")
        text_style = paragraph
        if named:
            style = self._chain(named).text_style
            text_style = text_style.under(style)
            if style.vanish and paragraph.vanish:
                text_style = replace(
                    text_style, vanish=False
                )  # two toggles undo each other (17.7.3)
        return text_style.under(self.read(properties))

    def table(
        self, properties: etree._Element | None
    ) -> tuple[DocxTextStyle, DocxFill | None, dict[str, DocxFill]]:
        """The style of a table: its letters, its ground, and that of its parts."""
        named = attribute(child(properties, "tblStyle"), "val") or self.usual.get("table", "")
        style = self._chain(named)
        own = self.fill(child(properties, "shd"))
        # Letters of a part of a table are not followed, so those of the whole count for nothing.
        return UNSTYLED if style.parts else style.text_style, own or style.ground, style.parts

    def read(self, properties: etree._Element | None) -> DocxTextStyle:
        """The style that the properties of a run (w:rPr) set by themselves."""
        vanish, ink, size, fill, marker, wide = None, None, None, None, None, None
        for property_element in properties if properties is not None else ():
            name = local(property_element)
            if name == "vanish":
                vanish = is_on(property_element)
            elif name == "color":
                ink = DocxInk(self._colour(property_element, "val", "theme"))
            elif name == "sz":
                size = _number(attribute(property_element, "val"))
            elif name == "w":
                wide = _number((attribute(property_element, "val") or "").removesuffix("%"))
            elif name == "shd":
                fill = self.fill(property_element)
            elif name == "highlight":
                value = attribute(property_element, "val") or "none"
                marker = None if value == "none" else DocxFill(colour(value))
            elif name in ("textFill", "gradFill", "textOutline"):
                ink = DocxInk(None)  # Word 2010's effects paint over the colour
        return DocxTextStyle(vanish, ink, size, marker or fill, wide)

    def fill(self, shading: etree._Element | None) -> DocxFill | None:
        """The ground that w:shd paints, None where it paints nothing (17.3.5)."""
        if shading is None:
            return None
        pattern = attribute(shading, "val") or "clear"
        if pattern == "nil":
            return None
        if pattern == "solid":
            return DocxFill(self._colour(shading, "color", "theme"))
        if pattern != "clear":
            return DocxFill(None)
        value = attribute(shading, "fill")
        if attribute(shading, "themeFill") is None and value in (None, "auto"):
            return None
        return DocxFill(self._colour(shading, "fill", "themeFill"))

    def _add(self, element: etree._Element) -> None:
        key, kind = attribute(element, "styleId") or "", attribute(element, "type") or ""
        if (attribute(element, "default") or "0").lower() not in OFF_VALUES:
            self.usual[kind] = key
        if attribute(child(element, "name"), "val") == "Placeholder Text":
            self.placeholders.add(key)
        parts = {}
        for part in element:
            if local(part) == "tblStylePr":
                fill = self.fill(child(child(part, "tcPr"), "shd"))
                if fill:
                    parts[attribute(part, "type") or ""] = fill
        self.styles[key] = DocxStyle(
            kind,
            attribute(child(element, "basedOn"), "val") or "",
            self.read(child(element, "rPr")),
            self.fill(child(child(element, "tcPr"), "shd"))
            or self.fill(child(child(element, "tblPr"), "shd"))
            or self.fill(child(child(element, "pPr"), "shd")),
            parts,
        )

    def _resolved(self, key: str) -> DocxStyle:
        """A style with everything that it inherits from those it is based on."""
        chain: list[DocxStyle] = []
        while key in self.styles and len(chain) < MAX_STYLE_CHAIN:
            chain.append(self.styles[key])
            key = self.styles[key].based_on
        text_style, ground, parts = UNSTYLED, None, dict[str, DocxFill]()
        for style in reversed(chain):
            text_style = text_style.under(style.text_style)
            ground = style.ground or ground
            parts |= style.parts
        return DocxStyle("", "", text_style, ground, parts)

    def _colour(self, element: etree._Element, plain: str, theme: str) -> Colour | None:
        """The theme's colour wins over the one written beside it."""
        theme_key = "themeColor" if theme == "theme" else theme
        named = attribute(element, theme_key)
        theme_colour = self.theme.get(THEME_COLOUR_NAMES.get(named or "", ""))
        if theme_colour is None:
            return colour(attribute(element, plain) or "")
        darker = _share(attribute(element, f"{theme}Shade"))
        lighter = _share(attribute(element, f"{theme}Tint"))
        red, green, blue = (
            round((c * darker) * lighter + 255 * (1 - lighter)) for c in theme_colour
        )
        return red, green, blue


def hiding_of(text_style: DocxTextStyle, surroundings: DocxSurroundings) -> str:
    """The kind of hiding, "" for text that is seen."""
    if surroundings.hidden or text_style.vanish:
        return VANISHED
    if text_style.size is not None and text_style.size <= 2 * TINY_POINTS:
        return TINY
    if text_style.wide is not None and text_style.wide < MIN_WIDTH_PERCENT:
        return SQUEEZED
    if text_style.ink and text_style.ink.colour:
        grounds = surroundings.on(text_style.fill).grounds
        if is_lost(text_style.ink.colour, grounds):
            return LOW_CONTRAST
    return ""


def part_fills(
    parts: dict[str, DocxFill], row: int, rows: int, column: int, columns: int
) -> Iterator[DocxFill]:
    """Fills of a table style that a cell may have; banding and corners are not counted out."""
    first, last = row == 0, row == rows - 1
    left, right = column == 0, column == columns - 1
    applies = {
        **{"firstRow": first, "lastRow": last, "firstCol": left, "lastCol": right},
        **{"nwCell": first and left, "neCell": first and right},
        **{"swCell": last and left, "seCell": last and right},
    }
    for part, fill in parts.items():
        if applies.get(part, True):
            yield fill


def is_on(toggle: etree._Element) -> bool:
    return (attribute(toggle, "val") or "true").lower() not in OFF_VALUES


def _theme_colours(theme: etree._Element | None) -> dict[str, Colour]:
    scheme = child(child(theme, "themeElements"), "clrScheme")
    colours = {}
    for entry in scheme if scheme is not None else ():
        for value in entry:
            known = colour(attribute(value, "lastClr") or attribute(value, "val") or "")
            if known:
                colours[local(entry)] = known
    return colours


def _number(value: str | None) -> float | None:
    """Half points; the strict variant may write "1.5pt"."""
    try:
        if value and value.endswith("pt"):
            return 2 * float(value[:-2])
        return float(value) if value else None
    except ValueError:
        return None


def _share(value: str | None) -> float:
    """Of "00" to "FF", 1.0 where there is none."""
    try:
        return int(value, 16) / 255 if value else 1.0
    except ValueError:
        return 1.0
