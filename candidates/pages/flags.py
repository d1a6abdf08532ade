"""Flags in words: a label and a sentence for each kind, and what a flag's parameters say."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from candidates.facts.flags import Flag, FlagKind
from candidates.models import Candidate, Evaluation
from candidates.ranking import ANY, HIDDEN, NONE
from candidates.reading.problems import Problem
from candidates.reading.sniff import FileKind
from candidates.scoring import attacks

MAX_WORDS_CHARACTERS = 80  # of the words in look-alike letters that are shown
MAX_PASSAGE_CHARACTERS = 160  # of the passages of one flag that are shown


@dataclass(frozen=True, slots=True)
class FlagWords:
    """`label` is for where there is little room; `detail` is the same with every flag of a kind."""

    label: Any
    sentence: Any
    detail: Any = ""


FLAG_WORDS = {
    FlagKind.MISLABELLED: FlagWords(
        _("other file type"),
        _("The file is not what its name says"),
    ),
    FlagKind.MIXED_ENCODINGS: FlagWords(
        _("mixed encodings"),
        _("The text mixes two encodings"),
        _("UTF-8 and Windows-1252"),
    ),
    FlagKind.HIDDEN_CHARACTERS: FlagWords(
        _("hidden characters"),
        _("Characters that cannot be seen were removed"),
    ),
    FlagKind.LOOK_ALIKE_LETTERS: FlagWords(
        _("look-alike letters"),
        _("Words were written with letters of another alphabet that look the same"),
    ),
    FlagKind.MACROS: FlagWords(
        _("macros"),
        _("The file carries a program, which was not run"),
        _("the file carries a program (macros), which was not run"),
    ),
    FlagKind.ATTACHMENT_UNREADABLE: FlagWords(
        _("attachment not read"),
        _("Something attached to the message was not read"),
    ),
    FlagKind.PART_UNREADABLE: FlagWords(
        _("piece not read"),
        _("A piece inside the document was not read"),
    ),
    FlagKind.INCOMPLETE: FlagWords(
        _("incomplete file"),
        _("The file is incomplete; its end is missing"),
        _("the file ends before its text does"),
    ),
    FlagKind.PAGE_UNREADABLE: FlagWords(
        _("page not read"),
        _("A page could not be read"),
    ),
    FlagKind.RECOGNISED: FlagWords(
        _("recognised text"),
        _("The page is a picture, in which the text was recognised"),
    ),
    FlagKind.RECOGNISED_BADLY: FlagWords(
        _("badly recognised"),
        _(
            "The page is a picture in which the text was recognised badly: compare it with the "
            "original"
        ),
    ),
    FlagKind.PAGES_NOT_RECOGNISED: FlagWords(
        _("pages not recognised"),
        _("Pages are pictures whose text was not recognised"),
    ),
    FlagKind.UNCHECKED: FlagWords(
        _("not checked for hidden text"),
        _("Hidden text could not be looked for: compare with the original"),
        _("pdfminer.six does not draw pages"),
    ),
    FlagKind.LETTERS_LOST: FlagWords(
        _("letters lost"),
        _("Some letters could not be told"),
    ),
    FlagKind.NO_RESUME: FlagWords(
        _("no résumé?"),
        _("The file looks like something other than a résumé"),
    ),
    FlagKind.TWO_PEOPLE: FlagWords(
        _("two people?"),
        _("The file looks like the résumés of two people"),
    ),
    FlagKind.COPIES_DESCRIPTION: FlagWords(
        _("copies the description"),
        _("A large part of the job description stands in the résumé word for word"),
    ),
    FlagKind.INSTRUCTS_THE_MODEL: FlagWords(
        _("speaks to the machine"),
        _("The résumé speaks to a machine that judges it"),
    ),
    FlagKind.FAKE_TURN: FlagWords(
        _("fake conversation"),
        _("The résumé imitates a conversation with a model"),
    ),
    FlagKind.FAKE_DELIMITER: FlagWords(
        _("fake end of text"),
        _("The résumé imitates the end of its own text"),
    ),
    FlagKind.FAKE_ANSWER: FlagWords(
        _("ready-made answer"),
        _("The résumé holds a ready-made answer"),
    ),
    FlagKind.ENCODED_INSTRUCTIONS: FlagWords(
        _("encoded instructions"),
        _("The résumé holds encoded instructions"),
    ),
    FlagKind.REMOTE_IMAGE: FlagWords(
        _("picture elsewhere"),
        _("The résumé points to a picture elsewhere, which was not fetched"),
    ),
    FlagKind.KEYWORD_STUFFING: FlagWords(
        _("keyword stuffing"),
        _("A word is said over and over"),
    ),
    FlagKind.INVISIBLE_CHARACTERS: FlagWords(
        _("invisible characters"),
        _("The text holds characters that cannot be seen"),
    ),
    FlagKind.SHORTENED: FlagWords(
        _("shortened"),
        _("The résumé is longer than the model takes in"),
    ),
}
HIDDEN_LABEL = _("hidden text")
# How text was hidden that reading has left out.
WAYS_OF_HIDING = {
    "low-contrast": _("in the colour of the paper"),
    "covered": _("under something else"),
    "clipped": _("outside the part that is shown"),
    "transparent": _("transparent"),
    "off-page": _("off the page"),
    "tiny": _("too small to read"),
    "squeezed": _("squeezed until nobody can read it"),
    "replaced": _("told to programs in place of what is shown"),
    "invisible": _("set to be invisible"),
    "hidden-layer": _("on a layer that is switched off"),
    "hidden-field": _("in a field that is switched off"),
    "vanished": _("marked as hidden"),
    "tag-characters": _("spelled in characters that cannot be seen"),
}
FILE_TYPES = {
    FileKind.PDF: _("PDF"),
    FileKind.DOCX: _("a Word document"),
    FileKind.DOC: _("an old Word document"),
    FileKind.EML: _("an e-mail message"),
    FileKind.MSG: _("an Outlook message"),
    FileKind.ODT: _("an OpenDocument text"),
    FileKind.RTF: _("Rich Text"),
    FileKind.HTML: _("a web page"),
    FileKind.TEXT: _("plain text"),
    FileKind.MARKDOWN: _("plain text"),
}
PICTURE = _("a picture")
OTHER_PAPERS = {
    "invoice": _("invoice"),
    "cover-letter": _("cover letter"),
    "job-advertisement": _("job advertisement"),
    "certificate": _("certificate"),
    "blank-template": _("blank template"),
    "other": _("other"),
}
CAUSES = {
    "linked": _("The message holds a link to the file. Ask for the file itself."),
    "late": _("the time was over"),
    "failed": _("the program gave no answer"),
}
CHARACTERS = {
    "zero-width-space": _("zero-width space"),
    "zero-width-non-joiner": _("zero-width non-joiner"),
    "zero-width-joiner": _("zero-width joiner"),
    "word-joiner": _("word joiner"),
    "zero-width-no-break-space": _("zero-width no-break space"),
    "mongolian-vowel-separator": _("Mongolian vowel separator"),
    "combining-grapheme-joiner": _("combining grapheme joiner"),
    "hangul-filler": _("Hangul filler"),
    "direction-mark": _("direction mark"),
    "invisible-operator": _("invisible operator"),
    "tag-character": _("tag character"),
    "variation-selector": _("variation selector"),
}


@dataclass(frozen=True, slots=True)
class FlagNote:
    """A flag in words: a sentence, what exactly was noticed, and on which page."""

    sentence: str
    detail: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class FlagTag:
    """A flag where there is little room, with its sentence."""

    label: str
    sentence: str


def reading_notes(candidate: Candidate) -> list[FlagNote]:
    """What reading noticed, and each run of text that it left out because it cannot be seen."""
    left_out = [
        FlagNote(
            gettext("Left out: text %(how)s")
            % {"how": WAYS_OF_HIDING.get(run["kind"], run["kind"])},
            run["text"],
            run["page"],
        )
        for run in candidate.hidden
    ]
    return _notes(candidate.flags, candidate) + left_out


def scoring_notes(evaluation: Evaluation) -> list[FlagNote]:
    """What scoring noticed."""
    return _notes(evaluation.flags, evaluation.candidate)


def tags(evaluation: Evaluation) -> list[FlagTag]:
    """What is worth knowing about a candidate, each kind once."""
    candidate = evaluation.candidate
    kinds = dict.fromkeys(flag["kind"] for flag in [*evaluation.flags, *candidate.flags])
    words = [FLAG_WORDS[FlagKind(kind)] for kind in kinds]
    shown = [FlagTag(str(each.label), str(each.sentence)) for each in words]
    if candidate.hidden:
        left_out = gettext("Text that nobody would see was left out")
        shown.append(FlagTag(str(HIDDEN_LABEL), left_out))
    return shown


def filter_choices() -> list[tuple[str, str]]:
    """The flags that a ranking can be filtered by, with their labels."""
    kinds = [(kind.value, str(words.label)) for kind, words in FLAG_WORDS.items()]
    return [
        (ANY, gettext("with a flag")),
        (NONE, gettext("without a flag")),
        (HIDDEN, str(HIDDEN_LABEL)),
        *sorted(kinds, key=lambda choice: choice[1].casefold()),
    ]


def _notes(stored: Iterable[dict[str, Any]], candidate: Candidate) -> list[FlagNote]:
    return [_note(Flag.from_json(value), candidate) for value in stored]


def _note(flag: Flag, candidate: Candidate) -> FlagNote:
    words = FLAG_WORDS[flag.kind]
    detail = str(words.detail) or _detail(flag, candidate)
    if flag.kind == FlagKind.SHORTENED:  # no detail of the file, but of what was done
        return FlagNote(f"{words.sentence}. {detail}".strip())
    if flag.kind == FlagKind.ATTACHMENT_UNREADABLE and "problem" in flag.params and not flag.file:
        detail = gettext("the message itself: %(detail)s") % {"detail": detail}
    if flag.file:
        detail = f"{flag.file}: {detail}" if detail else flag.file
    return FlagNote(str(words.sentence), detail, flag.page)


def _detail(flag: Flag, candidate: Candidate) -> str:
    """What the parameters and passages say; "" where there are none."""
    params: Any = flag.params
    if flag.kind == FlagKind.MISLABELLED and params:
        return gettext("named .%(extension)s, is %(actual)s") % {
            "extension": params["extension"],
            "actual": _file_type(params["actual"]),
        }
    if flag.kind == FlagKind.HIDDEN_CHARACTERS:
        counts = sorted(params.items(), key=lambda item: (-item[1], item[0]))
        return ", ".join(f"{count} × {CHARACTERS[name]}" for name, count in counts)
    if flag.kind == FlagKind.PAGES_NOT_RECOGNISED and params:
        return f"{_pages(params['pages'])}: {CAUSES[params['cause']]}"
    if flag.kind == FlagKind.LETTERS_LOST and params:
        return gettext("%(share)s of the letters cannot be told") % {
            "share": f"{params['percent']}%"
        }
    if flag.kind == FlagKind.SHORTENED and params:
        return gettext("The model saw %(share)s of the text.") % {"share": f"{params['percent']}%"}
    if flag.spans:
        return _passages(flag, candidate.text)
    if "problem" in params:
        return gettext(Problem(params["problem"]).sentence)
    if "limit" in params:
        return gettext("more than %(number)s: the others were not opened") % {
            "number": number_format(params["limit"])
        }
    if "cause" in params:
        return str(CAUSES[params["cause"]])
    if "confidence" in params:
        return gettext("confidence %(share)s") % {"share": f"{params['confidence']}%"}
    if "looks-like" in params:
        return str(OTHER_PAPERS[params["looks-like"]])
    return ""


def _file_type(actual: str) -> str:
    """The words for what `sniff` says that a file is."""
    return str(PICTURE if actual == "picture" else FILE_TYPES[FileKind[actual.upper()]])


def _passages(flag: Flag, text: str) -> str:
    """The passages that the flag points to, decoded where they are encoded."""
    passages = [text[start:end] for start, end in flag.spans]
    if flag.kind == FlagKind.LOOK_ALIKE_LETTERS:
        return _shortened(", ".join(passages), MAX_WORDS_CHARACTERS)
    if flag.kind == FlagKind.TWO_PEOPLE:
        *first, last = passages
        if not first:
            return last
        return gettext("%(most)s and %(last)s") % {"most": ", ".join(first), "last": last}
    if flag.kind == FlagKind.KEYWORD_STUFFING:
        quotes = [
            gettext("%(word)s, %(number)s times") % {"word": word, "number": number_format(count)}
            for word, count in map(attacks.most_repeated, passages)
        ]
    else:
        quotes = [attacks.decoded(flag.kind, passage) for passage in passages]
    return _shortened(" … ".join(dict.fromkeys(quotes)), MAX_PASSAGE_CHARACTERS)


def _shortened(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _pages(numbers: list[int]) -> str:
    """Page numbers in words: “pages 3-5, 9”."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1][-1] = number
        else:
            runs.append([number, number])
    shown = ", ".join(f"{first}-{last}" if first != last else str(first) for first, last in runs)
    return ngettext("page %(pages)s", "pages %(pages)s", len(numbers)) % {"pages": shown}
