"""Limits on what one file may have or take, all in one place.

The sentences in `problems` name some of these figures; a test compares them.
"""

MB = 1024 * 1024

MAX_BYTES = 25 * MB  # of the file as it came
MAX_PAGES = 300
MAX_CHARACTERS = 2_000_000  # of text, all pages together: some 700 dense pages
MAX_HIDDEN = 50  # runs of hidden text, of one file
MAX_HIDDEN_CHARACTERS = 500  # of each of them

# Illegible characters, as a share of the visible ones (`clean.garbage_share`).
MAX_DECODED_GARBAGE_SHARE = 0.05  # of decoded bytes: text of the right encoding has next to none
MAX_PDF_GARBAGE_SHARE = 0.2  # above it the second PDF reader is asked; icons in résumés reach 3%
REFUSED_PDF_GARBAGE_SHARE = 0.5  # above it, if that reader does no better, the PDF is refused
MAX_PAGE_GARBAGE_SHARE = 0.5  # of one page of a PDF: above it the page is recognised anew

# A ZIP of résumés.
MAX_ARCHIVE_BYTES = 100 * MB  # as it came
MAX_ARCHIVE_MEMBERS = 10_000  # those of archives inside it included
MAX_UNPACKED_BYTES = 2_000 * MB
MAX_ARCHIVE_DEPTH = 2  # archives in archives

# Inside a .docx or .odt, counted while inflating and not taken from its headers.
MAX_PACKAGE_MEMBERS = 2_000
MAX_PART_BYTES = 32 * MB  # one XML part, or one picture
MAX_PARTS_BYTES = 64 * MB  # all parts that are read

# Of a message, over all messages attached to it.
MAX_ATTACHMENTS = 50
MAX_ATTACHED_BYTES = 64 * MB
MAX_MESSAGE_DEPTH = 3  # a message attached to one attached to one

# The child process that reads.
READING_SECONDS = 20.0  # wall time for one file
READING_CPU_SECONDS = 20
ADDRESS_SPACE_BYTES = 1024 * MB
MAX_OPEN_FILES = 64
MAX_ANSWER_BYTES = 32 * MB
MAX_FILES_PER_CHILD = 500  # then a new child: whatever a parser leaks ends with it

# Pages that are drawn for readers.
DRAWN_WIDTH_PIXELS = 1_400  # pixels
MAX_DRAWN_PIXELS = 8_000_000  # of a page that is very long
MAX_QUOTES = 500  # looked for on the pages of one file

# Text recognition, where it is switched on.
MAX_PICTURE_PIXELS = 64_000_000  # of a picture that is decoded: 256 MB at four bytes each
MAX_SHOWN_PIXELS = 12_000_000  # of a page that is recognised: A4 at 300 dpi has 8.7 million
RECOGNISE_SECONDS = 20.0  # wall time for one file, and besides
RECOGNISE_PAGE_SECONDS = 6.0  # for each page; a dense one took 4
MAX_RECOGNISE_SECONDS = 120.0  # for any number of them


def recognise_seconds(pages: int) -> float:
    """Wall time in which `pages` pages may be recognised, after the file has been parsed."""
    return min(RECOGNISE_SECONDS + RECOGNISE_PAGE_SECONDS * pages, MAX_RECOGNISE_SECONDS)
