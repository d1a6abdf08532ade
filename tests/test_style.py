"""The colours of the style sheet: every pair that meets is readable (WCAG 2.2 AA)."""

import re
from pathlib import Path

import pytest

SHEET = Path(__file__).resolve().parents[1] / "static" / "css" / "site.css"
THEMES = [
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{(.*?)\}", SHEET.read_text(), re.DOTALL)
]
WORDS = [
    *((ink, ground) for ink in ("ink", "soft", "accent", "good", "warn", "bad")
      for ground in ("ground", "sheet")),
    ("on-accent", "accent"),
    ("sheet", "bad"),
    ("ink", "mark"),
    ("ink", "target"),
]  # fmt: skip
SHAPES = [("edge", "sheet"), ("edge", "ground"), ("accent", "track"), ("accent", "ground")]


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = [int(colour[position : position + 2], 16) / 255 for position in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
def test_words_and_shapes_stand_out_from_what_is_behind_them(theme: dict[str, str]) -> None:
    for pairs, least in ((WORDS, 4.5), (SHAPES, 3.0)):
        for first, second in pairs:
            assert contrast(theme[first], theme[second]) >= least, (first, second)
