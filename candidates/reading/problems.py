"""Why a file could not be read: one member per reason, its sentence beside it.

Pages, e-mails and exports take the sentences from here, without importing a parser. The values are
stored in the database: a member may be added, never renamed.
"""

from enum import StrEnum

_ = str  # marks sentences for translation, which happens where they are shown


class Problem(StrEnum):
    """A reason, and its `sentence` for a hiring manager: the fault and the remedy."""

    sentence: str

    def __new__(cls, value: str, sentence: str = "") -> "Problem":
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    # The file as a whole
    EMPTY = "empty", _("The file is empty. Check the original and upload it again.")
    TOO_LARGE = (
        "too-large",
        _("The file is larger than 25 MB. Save a smaller copy and upload that."),
    )
    NOT_OPENED = (
        "not-opened",
        _("The file could not be opened on this computer. Check that it exists and may be read."),
    )

    # What kind of file it is
    UNKNOWN_KIND = (
        "unknown-kind",
        _(
            "This kind of file cannot be read. Save the résumé as PDF, Word, OpenDocument, "
            "RTF, plain text, Markdown, HTML or e-mail and upload that."
        ),
    )
    PICTURE = (
        "picture",
        _(
            "The file is a picture, and text recognition is off. Ask for the résumé as PDF, "
            "Word, OpenDocument, RTF, plain text, Markdown, HTML or e-mail, or ask whoever "
            "runs this site to switch recognition on."
        ),
    )
    PICTURE_KIND = (
        "picture-kind",
        _(
            "The file is a kind of picture that cannot be read. Save it as PDF, PNG or JPEG "
            "and upload that."
        ),
    )
    APPLE_PAGES = (
        "apple-pages",
        _("The file is an Apple Pages document. Export it as PDF or Word and upload that."),
    )
    SPREADSHEET = (
        "spreadsheet",
        _("The file is a spreadsheet. Save the résumé as PDF or Word (.docx) and upload that."),
    )
    PRESENTATION = (
        "presentation",
        _("The file is a presentation. Save the résumé as PDF and upload that."),
    )
    ARCHIVE = (
        "archive",
        _(
            "The file is an archive of other files that cannot be opened here. Unpack it and "
            "upload the résumés themselves, or put them into a ZIP."
        ),
    )
    ARCHIVE_TOO_LARGE = (
        "archive-too-large",
        _("The archive is larger than 100 MB. Make several smaller ones and upload those."),
    )
    TOO_MANY_FILES = (
        "too-many-files",
        _("The archive holds more than 10,000 files. Make several smaller ones and upload those."),
    )
    NO_FILES = "no-files", _("The archive holds no files. Check the original and upload it again.")
    NESTED = (
        "nested",
        _(
            "The file is an archive inside an archive inside another. Unpack it and upload "
            "the résumés themselves."
        ),
    )
    NOT_A_FILE = (
        "not-a-file",
        _("The archive holds a link here and no file. Add the file itself and upload it."),
    )
    PROGRAM = (
        "program",
        _(
            "The file is a program, whatever its name says. Do not open it; ask the "
            "candidate for the résumé as PDF."
        ),
    )
    MEDIA = (
        "media",
        _(
            "The file is a sound or video recording. Ask for the résumé as PDF, Word, "
            "OpenDocument, RTF, plain text, Markdown, HTML or e-mail."
        ),
    )

    # What is inside
    ENCRYPTED = (
        "encrypted",
        _("The file is protected by a password. Save a copy without one and upload it again."),
    )
    NO_TEXT = (
        "no-text",
        _(
            "The pages hold pictures and no text, as in a scan, and text recognition is off. "
            "Export the résumé from the program where it was written, or ask for such a "
            "copy; or ask whoever runs this site to switch recognition on."
        ),
    )
    NOT_RECOGNISED = (
        "not-recognised",
        _(
            "No text was recognised in the picture. Check that it shows a résumé, upright, "
            "sharp and well lit, or ask for the résumé as a file with text."
        ),
    )
    BLANK = "blank", _("There is no text in the file. Check the original and upload it again.")
    GARBLED = (
        "garbled",
        _(
            "The letters in the file cannot be told: its fonts lack the key to them. Export "
            "the résumé as PDF anew, or print it to PDF from another program."
        ),
    )
    DAMAGED = (
        "damaged",
        _("The file is damaged or incomplete. Get a fresh copy and upload it again."),
    )
    TOO_MANY_PAGES = (
        "too-many-pages",
        _("The file has more than 300 pages. Save the pages with the résumé and upload those."),
    )
    TOO_LONG = (
        "too-long",
        _(
            "The file holds more text than several books. Save the part with the résumé and "
            "upload that."
        ),
    )
    TOO_COMPLEX = (
        "too-complex",
        _(
            "The file unpacks to far more than a résumé needs, so reading it was stopped. "
            "Save the résumé as a new PDF and upload that."
        ),
    )

    # What reading it did
    TOO_SLOW = (
        "too-slow",
        _(
            "Reading the file took longer than 20 seconds, so it was stopped. Save the "
            "résumé as a new PDF and upload that."
        ),
    )
    TOO_MUCH_MEMORY = (
        "too-much-memory",
        _(
            "Reading the file took more memory than any résumé should, so it was stopped. "
            "Save the résumé as a new PDF and upload that."
        ),
    )
    CRASHED = (
        "crashed",
        _(
            "The file made the reader stop. Nothing else was harmed. Save the résumé as a "
            "new PDF and upload that."
        ),
    )


class Unreadable(Exception):
    """A file could not be read, for `problem`; `detail` is technical, never résumé text."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(f"{problem.value}: {detail}" if detail else problem.value)
        self.problem = problem
        self.detail = detail
