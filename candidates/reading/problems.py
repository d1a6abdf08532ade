"""Why a file could not be read: one member per reason, its sentence beside it.

Apart from the readers so that pages, e-mails and exports say the same words without importing a
parser. The values are stored in the database: a member may be added, never renamed.
"""

from enum import StrEnum

READABLE_KINDS = "PDF, Word, OpenDocument, RTF, plain text, Markdown, HTML or e-mail"


class Problem(StrEnum):
    """A reason, and `sentence`: what is wrong and what to do, for a hiring manager."""

    sentence: str

    def __new__(cls, value: str, sentence: str = "") -> "Problem":
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    # The file as a whole
    EMPTY = "empty", "The file is empty. Check the original and upload it again."
    TOO_LARGE = "too-large", "The file is larger than 25 MB. Save a smaller copy and upload that."
    NOT_OPENED = (
        "not-opened",
        "The file could not be opened on this computer. Check that it exists and may be read.",
    )

    # What kind of file it is
    UNKNOWN_KIND = (
        "unknown-kind",
        f"This kind of file cannot be read. Save the résumé as {READABLE_KINDS} and upload that.",
    )
    PICTURE = (
        "picture",
        "The file is a picture, and text recognition is off. Ask for the résumé as "
        f"{READABLE_KINDS}, or ask whoever runs this site to switch recognition on.",
    )
    PICTURE_KIND = (
        "picture-kind",
        "The file is a kind of picture that cannot be read. "
        "Save it as PDF, PNG or JPEG and upload that.",
    )
    APPLE_PAGES = (
        "apple-pages",
        "The file is an Apple Pages document. Export it as PDF or Word and upload that.",
    )
    SPREADSHEET = (
        "spreadsheet",
        "The file is a spreadsheet. Save the résumé as PDF or Word (.docx) and upload that.",
    )
    PRESENTATION = (
        "presentation",
        "The file is a presentation. Save the résumé as PDF and upload that.",
    )
    ARCHIVE = (
        "archive",
        "The file is an archive of other files that cannot be opened here. Unpack it and upload "
        "the résumés themselves, or put them into a ZIP.",
    )
    ARCHIVE_TOO_LARGE = (
        "archive-too-large",
        "The archive is larger than 100 MB. Make several smaller ones and upload those.",
    )
    TOO_MANY_FILES = (
        "too-many-files",
        "The archive holds more than 10,000 files. Make several smaller ones and upload those.",
    )
    NO_FILES = (
        "no-files",
        "The archive holds no files. Check the original and upload it again.",
    )
    NESTED = (
        "nested",
        "The file is an archive inside an archive inside another. Unpack it and upload the "
        "résumés themselves.",
    )
    NOT_A_FILE = (
        "not-a-file",
        "The archive holds a link here and no file. Add the file itself and upload it.",
    )
    PROGRAM = (
        "program",
        "The file is a program, whatever its name says. Do not open it; ask the candidate "
        "for the résumé as PDF.",
    )
    MEDIA = (
        "media",
        f"The file is a sound or video recording. Ask for the résumé as {READABLE_KINDS}.",
    )

    # What is inside
    ENCRYPTED = (
        "encrypted",
        "The file is protected by a password. Save a copy without one and upload it again.",
    )
    NO_TEXT = (
        "no-text",
        "The pages hold pictures and no text, as in a scan, and text recognition is off. "
        "Export the résumé from the program where it was written, or ask for such a copy; "
        "or ask whoever runs this site to switch recognition on.",
    )
    NOT_RECOGNISED = (
        "not-recognised",
        "No text was recognised in the picture. Check that it shows a résumé, upright, sharp and "
        "well lit, or ask for the résumé as a file with text.",
    )
    BLANK = (
        "blank",
        "There is no text in the file. Check the original and upload it again.",
    )
    GARBLED = (
        "garbled",
        "The letters in the file cannot be told: its fonts lack the key to them. Export the "
        "résumé as PDF anew, or print it to PDF from another program.",
    )
    DAMAGED = (
        "damaged",
        "The file is damaged or incomplete. Get a fresh copy and upload it again.",
    )
    TOO_MANY_PAGES = (
        "too-many-pages",
        "The file has more than 300 pages. Save the pages with the résumé and upload those.",
    )
    TOO_LONG = (
        "too-long",
        "The file holds more text than several books. Save the part with the résumé and "
        "upload that.",
    )
    TOO_COMPLEX = (
        "too-complex",
        "The file unpacks to far more than a résumé needs, so reading it was stopped. "
        "Save the résumé as a new PDF and upload that.",
    )

    # What reading it did
    TOO_SLOW = (
        "too-slow",
        "Reading the file took longer than 20 seconds, so it was stopped. "
        "Save the résumé as a new PDF and upload that.",
    )
    TOO_MUCH_MEMORY = (
        "too-much-memory",
        "Reading the file took more memory than any résumé should, so it was stopped. "
        "Save the résumé as a new PDF and upload that.",
    )
    CRASHED = (
        "crashed",
        "The file made the reader stop. Nothing else was harmed. "
        "Save the résumé as a new PDF and upload that.",
    )


class Unreadable(Exception):
    """A file could not be read, for `problem`; `detail` is technical, never résumé text."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(f"{problem.value}: {detail}" if detail else problem.value)
        self.problem = problem
        self.detail = detail
