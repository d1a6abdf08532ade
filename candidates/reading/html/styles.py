"""Styles of a web page, as far as they decide whether text is seen: from attributes, `style` and
the simple rules of its style sheets (a tag, a class, an id, or a tag with one).

Rules with more to them are not followed. Where one of those, a sheet that is not in the file or a
box laid over others paints a ground, no ground is known, and no text is hidden for its colour.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lxml import etree

from candidates.reading.visibility import (
    LOW_CONTRAST,
    OFF_PAGE,
    PAPER,
    TINY,
    TINY_POINTS,
    TRANSPARENT,
    VANISHED,
    Colour,
    Grounds,
    colour,
    is_lost,
)

MAX_CSS_CHARACTERS = 512 * 1024  # characters of all style sheets together
MAX_RULES = 5_000
MAX_KNOWN_STYLES = 10_000
STYLE_ATTRIBUTES = ("class", "id", "style", "bgcolor", "background", "color", "text")  # attributes
COMMENT = re.compile(r"/\*.*?(?:\*/|$)|<!--|-->", re.DOTALL)
AT_LINE = re.compile(r"@(?:import|charset|namespace)[^;{}@]*;", re.IGNORECASE)
BRACE = re.compile(r"[{}]")
SIMPLE_SELECTOR = re.compile(r"(\*|[a-zA-Z][a-zA-Z0-9]*)?(?:([.#])([\w-]+))?", re.ASCII)
LENGTH = re.compile(r"(-?[\d.]+)(px|pt|em|rem|ex|ch|%|vw|vh|in|cm|mm)?")
RGB = re.compile(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)(?:[\s,/]+([\d.]+%?))?\s*\)")
CLIPPED_AWAY = re.compile(r"rect\(\s*(?:0|1px)(?:px)?\b|inset\(\s*(?:50|100)%")
PIXELS_PER_UNIT = {"px": 1.0, "pt": 4 / 3, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4}
ROOT_FONT_PIXELS = 16.0  # pixels
OFF_PAGE_PIXELS = 900.0  # pixels to the left or above from which a box is off the page


@dataclass(frozen=True, slots=True)
class HtmlTextStyle:
    """The properties that text inherits. `away` is the kind of hiding of a whole box, "" for none;
    `ink` is None where the colour is unknown; `size` is in pixels."""

    away: str = ""
    invisible: bool = False
    transparent: bool = False
    ink: Colour | None = (0, 0, 0)
    size: float = ROOT_FONT_PIXELS
    grounds: Grounds = PAPER

    def hiding(self) -> str:
        """The kind of hiding, "" for text that is seen."""
        if self.away or self.invisible:
            return self.away or VANISHED
        if self.transparent:
            return TRANSPARENT
        if self.size <= TINY_POINTS * PIXELS_PER_UNIT["pt"]:
            return TINY
        return LOW_CONTRAST if self.ink and is_lost(self.ink, self.grounds) else ""


@dataclass(slots=True)
class HtmlStyleSheet:
    """The simple rules of a page, by what they select: ("p", "", ""), ("", ".", "name")."""

    rules: dict[tuple[str, str, str], tuple[int, dict[str, str]]] = field(default_factory=dict)
    count: int = 0
    grounds: Grounds = PAPER
    known: dict[tuple[object, ...], HtmlTextStyle] = field(default_factory=dict)

    def text_style(self, element: etree._Element, around: HtmlTextStyle) -> HtmlTextStyle:
        """The style of the text of `element`, inside something with the style `around`."""
        tag = element.tag if isinstance(element.tag, str) else ""
        if not self.rules and not element.attrib:
            return around
        given = element.attrib
        # Pages repeat the same few ways thousands of times.
        key = (tag, *(given.get(name) for name in STYLE_ATTRIBUTES), "hidden" in given, around)
        known = self.known.get(key)
        if known is None:
            known = self._text_style(element, tag, around)
            if len(self.known) < MAX_KNOWN_STYLES:
                self.known[key] = known
        return known

    def _text_style(
        self, element: etree._Element, tag: str, around: HtmlTextStyle
    ) -> HtmlTextStyle:
        text_style = around
        if "hidden" in element.attrib:
            text_style = replace(text_style, away=text_style.away or VANISHED)
        if tag in ("body", "font", "table", "tr", "td", "th", "tbody", "thead"):
            text_style = _by_attributes(element, tag, text_style)
        declared = self._declared(element, tag)
        return _applied(declared, text_style) if declared else text_style

    def _declared(self, element: etree._Element, tag: str) -> dict[str, str]:
        rules: list[tuple[int, int, dict[str, str]]] = []
        if self.rules:
            names = (element.get("class") or "").split()[:20]
            selected = [("", "", ""), (tag, "", "")]
            selected += [(of, ".", name) for name in names for of in ("", tag)]
            if key := element.get("id"):
                selected += [("", "#", key), (tag, "#", key)]
            for selector in selected:
                weight = 100 * (selector[1] == "#") + 10 * (selector[1] == ".") + bool(selector[0])
                if selector in self.rules:
                    rules.append((weight, *self.rules[selector]))
        declared: dict[str, str] = {}
        for _, _, rule in sorted(rules, key=lambda weighted: weighted[:2]):
            declared |= rule
        style = element.get("style")
        return declared | dict(declarations(style)) if style else declared

    def add(self, css: str) -> None:
        """Add the rules of a style sheet; those for media other than the screen are left out."""
        css = AT_LINE.sub("", COMMENT.sub("", css[:MAX_CSS_CHARACTERS]))
        # Cut at braces and not matched by an expression, which takes long over text without rules.
        for rule in _without_media(css).split("}"):
            selectors, opened, block = rule.partition("{")
            if not opened:
                continue
            declared = dict(declarations(block))
            for selector in selectors.split(","):
                simple = SIMPLE_SELECTOR.fullmatch(selector.strip())
                if simple and selector.strip() and self.count < MAX_RULES:
                    self.count += 1
                    tag, sign, name = (part or "" for part in simple.groups())
                    place = ("" if tag == "*" else tag.lower(), sign, name)
                    _, before = self.rules.get(place, (0, {}))
                    self.rules[place] = (self.count, before | declared)
                elif any(key.startswith("background") for key in declared):
                    self.grounds = None
            if declared.get("position") in ("absolute", "fixed") and _paints_ground(declared):
                self.grounds = None


def style_sheet_of(root: etree._Element) -> HtmlStyleSheet:
    """The rules of all sheets that the page holds."""
    sheet, room = HtmlStyleSheet(), MAX_CSS_CHARACTERS
    for style in root.iter("style"):
        css = style.text or ""
        media = (style.get("media") or "all").lower()
        if room > 0 and ("all" in media or "screen" in media):
            sheet.add(css[:room])
            room -= len(css)
    for link in root.iter("link"):
        if "stylesheet" in (link.get("rel") or "").lower():
            sheet.grounds = None
    for element in root.iter():
        own = element.get("style") if isinstance(element.tag, str) else None
        if own and ("absolute" in own or "fixed" in own):
            declared = dict(declarations(own))
            if declared.get("position") in ("absolute", "fixed") and _paints_ground(declared):
                sheet.grounds = None
    return sheet


def declarations(block: str) -> Iterator[tuple[str, str]]:
    """Property and value of each declaration, in lower case."""
    for declaration in block.split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            yield name.strip().lower(), value.replace("!important", "").strip().lower()


def _paints_ground(declared: dict[str, str]) -> bool:
    return any(
        value not in ("none", "transparent", "inherit", "initial")
        for key, value in declared.items()
        if key in ("background", "background-color", "background-image")
    )


def _without_media(css: str) -> str:
    """Without the blocks of @media, @font-face and so on, and the rules in them."""
    pieces, offset = [], 0
    while (start := css.find("@", offset)) != -1:
        pieces.append(css[offset:start])
        depth, offset = 0, len(css)
        for brace in BRACE.finditer(css, start):
            depth += 1 if brace.group() == "{" else -1
            if depth <= 0:
                offset = brace.end()
                break
    return "".join((*pieces, css[offset:]))


def _by_attributes(element: etree._Element, tag: str, text_style: HtmlTextStyle) -> HtmlTextStyle:
    painted = element.get("bgcolor")
    if element.get("background"):
        text_style = replace(text_style, grounds=None)
    elif painted:
        text_style = replace(text_style, grounds=_ground(colour(painted)))
    ink = element.get("color") if tag == "font" else element.get("text") if tag == "body" else None
    return replace(text_style, ink=colour(ink)) if ink else text_style


def _applied(declared: dict[str, str], text_style: HtmlTextStyle) -> HtmlTextStyle:
    """`text_style` after a block of declarations."""
    away = text_style.away
    if declared.get("display") == "none":
        away = away or VANISHED
    if _number(declared.get("opacity")) == 0:
        away = away or TRANSPARENT
    if _is_off_page(declared, text_style):
        away = away or OFF_PAGE
    if "visibility" in declared:
        invisible = declared["visibility"] in ("hidden", "collapse")
        text_style = replace(text_style, invisible=invisible)
    if "font-size" in declared or "font" in declared:
        text_style = replace(text_style, size=_size(declared, text_style.size))
    if "color" in declared:
        ink, opacity = _colour_and_opacity(declared["color"])
        clipped = any(key.endswith("background-clip") for key in declared)
        transparent = opacity == 0 and not clipped
        text_style = replace(text_style, ink=None if opacity < 1 else ink, transparent=transparent)
    for key in ("background", "background-color", "background-image"):
        if key in declared:
            text_style = replace(
                text_style, grounds=_grounds_after(declared[key], text_style.grounds)
            )
    return replace(text_style, away=away)


def _is_off_page(declared: dict[str, str], text_style: HtmlTextStyle) -> bool:
    """Whether a box is moved off the page or clipped to nothing."""
    indent = declared.get("text-indent")
    if indent and _pixels(indent, text_style.size) <= -OFF_PAGE_PIXELS:
        return True
    if declared.get("position") in ("absolute", "fixed", "relative"):
        sides = (declared.get("left"), declared.get("top"), declared.get("margin-left"))
        if any(side and _pixels(side, text_style.size) <= -OFF_PAGE_PIXELS for side in sides):
            return True
        right = declared.get("right")
        if (
            declared["position"] != "relative"
            and right
            and _pixels(right, text_style.size) <= -OFF_PAGE_PIXELS
        ):
            return True
    if CLIPPED_AWAY.match(declared.get("clip", "")) or CLIPPED_AWAY.match(
        declared.get("clip-path", "")
    ):
        return True
    sides = (declared.get("width"), declared.get("height"), declared.get("max-height"))
    closed = any(side and LENGTH.fullmatch(side) and _number(side) == 0 for side in sides)
    return closed and declared.get("overflow") == "hidden"


def _grounds_after(value: str, around: Grounds) -> Grounds:
    if value in ("none", "transparent", "inherit", "initial", "unset", "0", "0 0"):
        return around
    known, opacity = _colour_and_opacity(value)
    if opacity == 0:
        return around
    return _ground(known if opacity == 1 else None)


def _colour_and_opacity(value: str) -> tuple[Colour | None, float]:
    """A colour and its opacity, 0 to 1."""
    if value == "transparent":
        return None, 0.0
    match = RGB.fullmatch(value)
    if match:
        red, green, blue = (min(255, int(level)) for level in match.groups()[:3])
        alpha = match.group(4)
        opacity = 1.0 if alpha is None else _number(alpha) or 0.0
        return (red, green, blue), opacity / 100 if alpha and alpha.endswith("%") else opacity
    return colour(value), 1.0


def _ground(known: Colour | None) -> Grounds:
    return frozenset((known,)) if known else None


def _size(declared: dict[str, str], around: float) -> float:
    value = declared.get("font-size")
    if value is None:  # "italic 1px/2 Arial": the size is the first length
        match = re.search(r"(?<![\w.])[\d.]+(?:px|pt|em|rem|%)", declared["font"])
        return _pixels(match.group(), around) if match else ROOT_FONT_PIXELS
    return _pixels(value, around) if LENGTH.fullmatch(value) else ROOT_FONT_PIXELS


def _pixels(value: str, size: float) -> float:
    """A length in pixels, where the letters are of `size` pixels."""
    match = LENGTH.match(value)
    number = _number(match.group(1)) if match else None
    if match is None or number is None:
        return size
    unit = match.group(2) or "px"
    if unit == "rem":
        return number * ROOT_FONT_PIXELS
    if unit in ("vw", "vh"):
        return number * 10  # of a page 1,000 pixels wide
    if unit == "%":
        return number * size / 100
    return number * PIXELS_PER_UNIT[unit] if unit in PIXELS_PER_UNIT else number * size


def _number(value: str | None) -> float | None:
    match = LENGTH.match(value) if value else None
    try:
        return float(match.group(1)) if match else None
    except ValueError:
        return None
