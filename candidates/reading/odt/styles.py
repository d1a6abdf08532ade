"""Styles of an OpenDocument file, as far as they decide whether text is seen (ODF 1.3 part 3,
chapters 16 and 20).
"""

import re
from collections.abc import Callable, Iterable
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
    TRANSPARENT,
    VANISHED,
    Colour,
    Grounds,
    colour,
    is_lost,
)

MAX_STYLE_CHAIN = 50  # styles that inherit from each other; real ones have less than ten
LENGTH = re.compile(r"([\d.]+)(pt|in|cm|mm|px|pc|%)")
POINTS_PER_UNIT = {"pt": 1.0, "in": 72.0, "cm": 72 / 2.54, "mm": 72 / 25.4, "px": 0.75, "pc": 12.0}


@dataclass(frozen=True, slots=True)
class OdtTextStyle:
    """Letters and the ground they stand on. `ink` is None for the automatic colour, which always
    shows; `size` is in points, None where no style sets it."""

    vanished: bool = False
    transparent: bool = False
    ink: Colour | None = None
    size: float | None = None
    squeezed: bool = False
    grounds: Grounds = PAPER

    def hiding(self) -> str:
        """The kind of hiding, "" for text that is seen."""
        if self.vanished:
            return VANISHED
        if self.transparent and self.ink:  # LibreOffice writes it beside the automatic colour
            return TRANSPARENT
        if self.size is not None and self.size <= TINY_POINTS:
            return TINY
        if self.squeezed:
            return SQUEEZED
        return LOW_CONTRAST if self.ink and is_lost(self.ink, self.grounds) else ""


class OdtStyles:
    """The styles in `roots`, which are the parts of one file."""

    def __init__(self, roots: Iterable[etree._Element]) -> None:
        self.styles: dict[tuple[str, str], etree._Element] = {}
        self.layouts: list[etree._Element] = []
        self.masters: list[etree._Element] = []
        # A style, changed by the one of this family and name and by those it inherits from.
        self.styled: Callable[[OdtTextStyle, str, str | None], OdtTextStyle] = lru_cache(4096)(
            self._styled
        )
        for root in roots:
            for element in root.iter("{*}style", "{*}default-style", "{*}page-layout-properties"):
                name = local(element)
                if name == "page-layout-properties":
                    self.layouts.append(element)
                else:
                    family = attribute(element, "family") or ""
                    key = "" if name == "default-style" else attribute(element, "name") or ""
                    self.styles[family, key] = element
            self.masters += root.iter("{*}master-page")

    def paper(self) -> OdtTextStyle:
        """The style of text that has none, on the ground of the pages."""
        text_style = OdtTextStyle()
        for layout in self.layouts:
            if child(layout, "background-image") is not None:
                return replace(text_style, grounds=None)
            painted = colour(attribute(layout, "background-color") or "")
            if painted and text_style.grounds is not None:
                text_style = replace(text_style, grounds=text_style.grounds | {painted})
        # A shape that lies behind the text may be of any colour.
        behind = any(
            attribute(properties, "run-through") == "background"
            for (family, key), style in self.styles.items()
            if family == "graphic" and key
            for properties in style
        )
        return replace(text_style, grounds=None) if behind else text_style

    def _styled(self, text_style: OdtTextStyle, family: str, name: str | None) -> OdtTextStyle:
        for style in reversed(self._chain(family, name or "")):
            for properties in style:
                text_style = _changed(text_style, properties)
        return text_style

    def masters_used(self, names: set[str]) -> list[etree._Element]:
        """The master pages of these names, of what follows them, and the one to start with."""
        by_name = {attribute(page, "name") or "": page for page in self.masters}
        start = "Standard" if "Standard" in by_name else next(iter(by_name), "")
        waiting, masters = [start, *sorted(names)], dict[str, etree._Element]()
        while waiting:
            name = waiting.pop(0)
            if name in by_name and name not in masters:
                masters[name] = by_name[name]
                waiting.append(attribute(by_name[name], "next-style-name") or "")
        return list(masters.values())

    def _chain(self, family: str, name: str) -> list[etree._Element]:
        """The style, the one it comes from, and so on to the default of the family."""
        chain: list[etree._Element] = []
        while name and (family, name) in self.styles and len(chain) < MAX_STYLE_CHAIN:
            chain.append(self.styles[family, name])
            name = attribute(chain[-1], "parent-style-name") or ""
        if family == "paragraph" and (family, "") in self.styles:
            chain.append(self.styles[family, ""])
        return chain


def _changed(text_style: OdtTextStyle, properties: etree._Element) -> OdtTextStyle:
    """`text_style` after one element of properties."""
    kind = local(properties)
    values = {str(key).rpartition("}")[2]: str(value) for key, value in properties.attrib.items()}
    if kind == "text-properties":
        if "display" in values:
            text_style = replace(text_style, vanished=values["display"] == "none")
        if "color" in values:
            text_style = replace(text_style, ink=colour(values["color"]))
        if values.get("use-window-font-color") == "true":
            text_style = replace(text_style, ink=None)
        if "opacity" in values:
            text_style = replace(text_style, transparent=_percent(values["opacity"]) < 5)
        if "font-size" in values:
            text_style = replace(text_style, size=_size(values["font-size"], text_style.size))
        if "text-scale" in values:
            text_style = replace(
                text_style, squeezed=_percent(values["text-scale"]) < MIN_WIDTH_PERCENT
            )
    painted = values.get("background-color", "")
    if kind == "graphic-properties":
        # A box without a plain fill lies on whatever is there.
        painted = values.get("fill-color", painted) if values.get("fill") != "none" else ""
        plain = values.get("fill", "solid") == "solid" and not values.get("fill-image-name")
        known = colour(painted) if plain else None
        return replace(text_style, grounds=frozenset((known,)) if known else None)
    picture = child(properties, "background-image")
    if picture is not None and len(picture) + len(picture.attrib):
        return replace(text_style, grounds=None)
    known = colour(painted)
    return replace(text_style, grounds=frozenset((known,))) if known else text_style


def _size(value: str, around: float | None) -> float | None:
    match = LENGTH.match(value)
    if match is None:
        return around
    number, unit = match.groups()
    try:
        if unit == "%":
            return None if around is None else around * float(number) / 100
        return float(number) * POINTS_PER_UNIT[unit]
    except ValueError:
        return around


def _percent(value: str) -> float:
    match = LENGTH.match(value)
    return float(match.group(1)) if match and match.group(2) == "%" else 100.0
