"""The shortlist on paper: who is on it, how each was rated and why, and what was noted."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from xml.sax.saxutils import escape

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    HRFlowable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)

from .models import Analysis
from .reasons import criterion_name
from .scoring.rubric import ROLE_NAME

FONTS = Path(__file__).resolve().parent / "fonts"
PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
MOST = 200  # candidates of one report; more is no shortlist, and takes seconds
UNKNOWN = "[?]"
TABLE = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 1),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
    ("LEFTPADDING", (0, 0), (0, -1), 0),
]
INK, SOFT, LINE = HexColor("#1d2127"), HexColor("#565e68"), HexColor("#d9dcd8")
# Arabic, Hebrew and their kin: words that run from right to left.
_LEFTWARD = r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]"
LEFTWARD = re.compile(_LEFTWARD)
LEFTWARD_RUN = re.compile(rf"{_LEFTWARD}+(?: {_LEFTWARD}+){{1,7}}")
INDIC = re.compile(r"[\u0900-\u0dff]")


def shortlist(analysis: Analysis, told: Iterable[dict[str, Any]]) -> IO[bytes]:
    """The report as an open file, at its beginning; `told` as `exports.rows` gives it, judged."""
    _register()
    out = TemporaryFile()  # noqa: SIM115
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=18 * mm,
        title=_("Shortlist: %(title)s") % {"title": analysis.title},
        author="Candidate Evaluator",
    )
    parts = _opening(analysis)
    number = 0
    for number, row in enumerate(told, start=1):
        if number > MOST:
            break
        parts += _candidate(row)
    if not number:
        parts.append(_text(_("Nobody is on the shortlist yet."), "body"))
    elif number > MOST:
        said = _("Only the first %(number)s are in this report.") % {"number": MOST}
        parts += [_rule(), _text(said, "body")]
    document.build(parts, onFirstPage=_foot, onLaterPages=_foot)
    out.seek(0)
    return out


@lru_cache(maxsize=1)
def _register() -> dict[str, ParagraphStyle]:
    """The fonts, and the styles made of them."""
    for name in (PLAIN, BOLD):
        pdfmetrics.registerFont(TTFont(name, FONTS / f"{name}.ttf", shapable=True))
    body = ParagraphStyle("body", fontName=PLAIN, fontSize=9, leading=12.5, textColor=INK)
    bold = {"fontName": BOLD, "parent": body}
    return {
        "body": body,
        "soft": ParagraphStyle("soft", parent=body, fontSize=8, leading=11, textColor=SOFT),
        "title": ParagraphStyle("title", **bold, fontSize=17, leading=22, spaceAfter=4),
        "name": ParagraphStyle("name", **bold, fontSize=12.5, leading=17, spaceBefore=4),
        "criterion": ParagraphStyle("criterion", **bold, spaceBefore=6),
        "quote": ParagraphStyle(
            "quote", parent=body, leftIndent=10, textColor=SOFT, borderPadding=0, spaceBefore=1
        ),
        "note": ParagraphStyle("note", parent=body, leftIndent=10, spaceBefore=2),
    }


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    """The letters that the font has."""
    _register()
    return frozenset(pdfmetrics.getFont(PLAIN).face.charToGlyph)


def _text(text: str, style: str, before: str = "") -> Paragraph:
    """Any text, so that nothing in it is markup and no letter is an empty box.

    `before` is markup of ours. What the font has no letter for reads [?]. A few words that run from
    right to left are put in that order; reportlab sets each of them the right way round by itself.
    """
    styles = _register()
    known = _known()
    text = unicodedata.normalize("NFC", text)
    letters = [one if ord(one) in known or one.isspace() else "\0" for one in text]
    shown = re.sub("\0+", UNKNOWN, "".join(letters))
    chosen = styles[style]
    if INDIC.search(text) or LEFTWARD.search(shown):
        chosen = ParagraphStyle(f"{style}-shaped", parent=chosen, shaping=1)
        shown = LEFTWARD_RUN.sub(lambda run: " ".join(reversed(run[0].split(" "))), shown)
    return Paragraph(before + escape(shown).replace("\n", "<br/>"), chosen)


def _rule() -> Flowable:
    return HRFlowable(width="100%", thickness=0.6, color=LINE, spaceBefore=8, spaceAfter=4)


def _opening(analysis: Analysis) -> list[Flowable]:
    now = date_format(timezone.localtime(), _("j F Y, H:i"))
    scored = _("Scored by %(engine)s (%(model)s, %(version)s). Printed on %(now)s.") % {
        "engine": analysis.engine,
        "model": analysis.model,
        "version": analysis.version,
        "now": now,
    }
    criteria = [
        [
            _text(criterion_name(one), "body"),
            _text(_("weight %(weight)s") % {"weight": one.weight}, "soft"),
            _text(_("must have") if one.must_have else "", "soft"),
        ]
        for one in analysis.rubric.criteria
    ]
    return [
        _text(_("Shortlist: %(title)s") % {"title": analysis.title}, "title"),
        _text(scored, "soft"),
        _text(
            _("Ratings go from 0 (no evidence) to 4 (strong, repeated, recent evidence)."), "soft"
        ),
        Spacer(0, 6),
        Table(criteria, colWidths=[110 * mm, 25 * mm, 35 * mm], style=TABLE),
    ]


def _candidate(row: dict[str, Any]) -> list[Flowable]:
    name = row["name"] or row["file"]
    score = "–" if row["score"] is None else number_format(f"{row['score']:g}")
    place = _("Rank %(rank)s") % {"rank": row["rank"]} if row["rank"] else _(row["status"])
    facts = [place, _("%(score)s of 100") % {"score": score}]
    facts += [row["file"]] if row["file"] != name else []
    parts = [
        CondPageBreak(45 * mm),
        _rule(),
        _text(name, "name"),
        _text(" · ".join(facts), "soft"),
    ]
    if row["decided_at"]:
        by = row["decided_by"] or _("somebody who has left")
        said = _("Shortlisted by %(by)s on %(day)s") % {"by": by, "day": row["decided_at"][:10]}
        parts.append(_text(said, "soft"))
    if row["error"]:
        parts.append(_text(row["error"], "body"))
    for rating in row["ratings"]:
        standing = f" · {_('must have')}: {_(rating['must_have'])}" if rating["must_have"] else ""
        name = _(ROLE_NAME) if rating["criterion"] == ROLE_NAME else rating["criterion"]
        value = number_format(f"{rating['rating']:g}")
        parts.append(_text(f"{name} · {value}{standing}", "criterion"))
        parts.append(_text(rating["reason"], "body"))
        parts += [_text(f"“{quote}”", "quote") for quote in rating["quotes"]]
    if row["notes"]:
        parts.append(_text(_("Notes"), "criterion"))
        for note in row["notes"]:
            by = note["author"] or _("somebody who has left")
            parts.append(_text(f"{by}, {note['created_at'][:10]}: {note['text']}", "note"))
    if _lacks(row):
        parts.append(
            _text(
                _("%(mark)s: letters that this report has no font for.") % {"mark": UNKNOWN}, "soft"
            )
        )
    return parts


def _lacks(row: dict[str, Any]) -> bool:
    said = [row["name"], row["file"]]
    said += [quote for rating in row["ratings"] for quote in rating["quotes"]]
    said += [note["text"] for note in row["notes"]]
    known = _known()
    return any(
        ord(one) not in known and not one.isspace()
        for text in said
        for one in unicodedata.normalize("NFC", text)
    )


def _foot(canvas: Any, document: Any) -> None:
    canvas.setFont(PLAIN, 7.5)
    canvas.setFillColor(SOFT)
    said = _("Page %(number)s") % {"number": document.page}
    canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, said)
