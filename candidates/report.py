"""The shortlist as a PDF report: candidates with ratings, reasons, quotes and notes."""

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

FONTS = Path(__file__).resolve().parent / "fonts"
PLAIN_FONT, BOLD_FONT = "DejaVuSans", "DejaVuSans-Bold"
MAX_REPORT_CANDIDATES = 200  # more is no shortlist, and takes seconds
MISSING_LETTER_MARK = "[?]"
TABLE_STYLE = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 1),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
    ("LEFTPADDING", (0, 0), (0, -1), 0),
]
TEXT_COLOUR, SOFT_COLOUR, LINE_COLOUR = (
    HexColor("#1d2127"),
    HexColor("#565e68"),
    HexColor("#d9dcd8"),
)
# Arabic, Hebrew and related scripts, written from right to left.
_RIGHT_TO_LEFT = r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]"
RIGHT_TO_LEFT = re.compile(_RIGHT_TO_LEFT)
RIGHT_TO_LEFT_RUN = re.compile(rf"{_RIGHT_TO_LEFT}+(?: {_RIGHT_TO_LEFT}+){{1,7}}")
INDIC = re.compile(r"[\u0900-\u0dff]")


def shortlist_pdf(analysis: Analysis, rows: Iterable[dict[str, Any]]) -> IO[bytes]:
    """The report as a file, open at its beginning; `rows` are those of `exports.export_rows` with
    review data."""
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
    for number, row in enumerate(rows, start=1):
        if number > MAX_REPORT_CANDIDATES:
            break
        parts += _candidate(row)
    if not number:
        parts.append(_text(_("Nobody is on the shortlist yet."), "body"))
    elif number > MAX_REPORT_CANDIDATES:
        note = _("Only the first %(number)s are in this report.") % {
            "number": MAX_REPORT_CANDIDATES
        }
        parts += [_rule(), _text(note, "body")]
    document.build(parts, onFirstPage=_draw_footer, onLaterPages=_draw_footer)
    out.seek(0)
    return out


@lru_cache(maxsize=1)
def _register() -> dict[str, ParagraphStyle]:
    """Register the fonts, and return the paragraph styles by name."""
    for name in (PLAIN_FONT, BOLD_FONT):
        pdfmetrics.registerFont(TTFont(name, FONTS / f"{name}.ttf", shapable=True))
    body = ParagraphStyle(
        "body", fontName=PLAIN_FONT, fontSize=9, leading=12.5, textColor=TEXT_COLOUR
    )
    bold = {"fontName": BOLD_FONT, "parent": body}
    return {
        "body": body,
        "soft": ParagraphStyle("soft", parent=body, fontSize=8, leading=11, textColor=SOFT_COLOUR),
        "title": ParagraphStyle("title", **bold, fontSize=17, leading=22, spaceAfter=4),
        "name": ParagraphStyle("name", **bold, fontSize=12.5, leading=17, spaceBefore=4),
        "criterion": ParagraphStyle("criterion", **bold, spaceBefore=6),
        "quote": ParagraphStyle(
            "quote",
            parent=body,
            leftIndent=10,
            textColor=SOFT_COLOUR,
            borderPadding=0,
            spaceBefore=1,
        ),
        "note": ParagraphStyle("note", parent=body, leftIndent=10, spaceBefore=2),
    }


@lru_cache(maxsize=1)
def _font_letters() -> frozenset[int]:
    """Code points of the letters that the font has."""
    _register()
    return frozenset(pdfmetrics.getFont(PLAIN_FONT).face.charToGlyph)


def _text(text: str, style: str, before: str = "") -> Paragraph:
    """A paragraph of any text, without markup in it; letters that the font lacks read [?].

    `before` is markup that is put in front. Up to eight words that run from right to left are put
    in that order; reportlab sets the letters within each of them.
    """
    styles = _register()
    known = _font_letters()
    text = unicodedata.normalize("NFC", text)
    letters = [letter if ord(letter) in known or letter.isspace() else "\0" for letter in text]
    shown = re.sub("\0+", MISSING_LETTER_MARK, "".join(letters))
    chosen = styles[style]
    if INDIC.search(text) or RIGHT_TO_LEFT.search(shown):
        chosen = ParagraphStyle(f"{style}-shaped", parent=chosen, shaping=1)
        shown = RIGHT_TO_LEFT_RUN.sub(lambda run: " ".join(reversed(run[0].split(" "))), shown)
    return Paragraph(before + escape(shown).replace("\n", "<br/>"), chosen)


def _rule() -> Flowable:
    return HRFlowable(width="100%", thickness=0.6, color=LINE_COLOUR, spaceBefore=8, spaceAfter=4)


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
            _text(criterion_name(criterion), "body"),
            _text(_("weight %(weight)s") % {"weight": criterion.weight}, "soft"),
            _text(_("must have") if criterion.must_have else "", "soft"),
        ]
        for criterion in analysis.rubric.criteria
    ]
    return [
        _text(_("Shortlist: %(title)s") % {"title": analysis.title}, "title"),
        _text(scored, "soft"),
        _text(
            _("Ratings go from 0 (no evidence) to 4 (strong, repeated, recent evidence)."), "soft"
        ),
        Spacer(0, 6),
        Table(criteria, colWidths=[110 * mm, 25 * mm, 35 * mm], style=TABLE_STYLE),
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
        decision = _("Shortlisted by %(by)s on %(day)s") % {"by": by, "day": row["decided_at"][:10]}
        parts.append(_text(decision, "soft"))
    if row["error"]:
        parts.append(_text(row["error"], "body"))
    for rating in row["ratings"]:
        standing = f" · {_('must have')}: {_(rating['must_have'])}" if rating["must_have"] else ""
        value = number_format(f"{rating['rating']:g}")
        parts.append(_text(f"{rating['criterion']} · {value}{standing}", "criterion"))
        parts.append(_text(rating["reason"], "body"))
        parts += [_text(f"“{quote}”", "quote") for quote in rating["quotes"]]
    if row["notes"]:
        parts.append(_text(_("Notes"), "criterion"))
        for note in row["notes"]:
            by = note["author"] or _("somebody who has left")
            parts.append(_text(f"{by}, {note['created_at'][:10]}: {note['text']}", "note"))
    if _has_missing_letters(row):
        note = _("%(mark)s: letters that this report has no font for.")
        parts.append(_text(note % {"mark": MISSING_LETTER_MARK}, "soft"))
    return parts


def _has_missing_letters(row: dict[str, Any]) -> bool:
    texts = [row["name"], row["file"]]
    texts += [quote for rating in row["ratings"] for quote in rating["quotes"]]
    texts += [note["text"] for note in row["notes"]]
    known = _font_letters()
    return any(
        ord(letter) not in known and not letter.isspace()
        for text in texts
        for letter in unicodedata.normalize("NFC", text)
    )


def _draw_footer(canvas: Any, document: Any) -> None:
    canvas.setFont(PLAIN_FONT, 7.5)
    canvas.setFillColor(SOFT_COLOUR)
    page = _("Page %(number)s") % {"number": document.page}
    canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, page)
