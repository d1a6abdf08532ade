"""ZIP files: their members, one at a time, whatever the file claims about them.

Sizes are counted while inflating and never taken from headers; names are cut down to what may be
shown; links, locked members and those that do not match the list of contents are refused one by
one, and the others are read. Nothing is ever written to a disk.
"""

import io
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from candidates.reading.document import ZIP, Member
from candidates.reading.limits import (
    MAX_ARCHIVE_DEPTH,
    MAX_ARCHIVE_MEMBERS,
    MAX_BYTES,
    MAX_UNPACKED_BYTES,
    MB,
)
from candidates.reading.problems import Problem, Unreadable

CHUNK_BYTES = 256 * 1024
MAX_NAME_CHARACTERS = 255
# Files that file managers add.
FILE_MANAGER_NAME = re.compile(
    r"(?:^|/)(?:__MACOSX/|\._|\.DS_Store$|\.localized$|Thumbs\.db$|desktop\.ini$|\.directory$|~\$)",
    re.IGNORECASE,
)
UTF_8_FLAG = 0x800  # of a member's flags
ENCRYPTED_FLAG = 0x1
DRIVE = re.compile(r"^[A-Za-z]:")
# What zipfile raises for torn, lying or unheard-of members.
BROKEN_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
)


def members(data: bytes, name: str, skip: int = 0) -> Iterator[Member]:
    """The files in the archive `data`, in its own order, those of archives inside it included.

    The first `skip` are left out: an earlier turn has unpacked them. Raises Unreadable where the
    archive as a whole cannot be opened, or holds more than any folder of résumés.
    """
    budget = _Budget()
    number = -1
    for number, member in enumerate(_members(data, name, "", budget, 0)):
        if number >= skip:
            yield member
    if number < 0:
        raise Unreadable(Problem.NO_FILES, "ZIP")


@dataclass(slots=True)
class _Budget:
    """The rest of the limits, for an archive and all archives inside it."""

    members: int = MAX_ARCHIVE_MEMBERS
    size: int = MAX_UNPACKED_BYTES


def _members(data: bytes, name: str, folder: str, budget: _Budget, depth: int) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        listed = archive.infolist()
    except BROKEN_ARCHIVE as error:
        raise Unreadable(Problem.DAMAGED, f"ZIP: {type(error).__name__}") from error
    if is_document({member.filename for member in listed}):
        # A Word file that is named .zip; without the ending, its content decides.
        yield Member(re.sub(r"\.zip$", "", name, flags=re.IGNORECASE) or name, data)
        return
    overlapping = _overlapping(listed)
    names_met: dict[str, int] = {}
    for member in listed:
        path = _name(member)
        if member.is_dir() or FILE_MANAGER_NAME.search(path):
            continue
        budget.members -= 1
        if budget.members < 0:
            raise Unreadable(Problem.TOO_MANY_FILES, f"more than {MAX_ARCHIVE_MEMBERS} members")
        shown = _unique(f"{folder}{path}" or "file", names_met)
        refused = _refusal(member, overlapping)
        if refused:
            yield Member(shown, problem=refused[0], detail=refused[1])
            continue
        try:
            inside = _inflated(archive, member, budget)
        except Unreadable as error:
            if error.problem is Problem.TOO_COMPLEX:
                raise
            yield Member(shown, problem=error.problem, detail=error.detail)
            continue
        if not _is_archive(inside, shown):
            yield Member(shown, inside)
        elif depth + 1 >= MAX_ARCHIVE_DEPTH:
            yield Member(shown, problem=Problem.NESTED, detail=f"{depth + 1} deep")
        else:
            try:
                yield from _members(inside, shown, f"{shown}/", budget, depth + 1)
            except Unreadable as error:
                if error.problem in (Problem.TOO_COMPLEX, Problem.TOO_MANY_FILES):
                    raise
                yield Member(shown, problem=error.problem, detail=error.detail)


def is_document(names: set[str]) -> bool:
    """Whether a ZIP with these members is a document of an office program, or Apple's."""
    return (
        "[Content_Types].xml" in names
        or "mimetype" in names
        or {"content.xml", "META-INF/manifest.xml"} <= names
        or "word/document.xml" in names
        or "Index/Document.iwa" in names
        or "Index.zip" in names
    )


def _is_archive(data: bytes, name: str) -> bool:
    if not data.startswith(ZIP):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return not is_document(set(archive.namelist()))
    except BROKEN_ARCHIVE:
        return name.lower().endswith(".zip")


def _refusal(member: zipfile.ZipInfo, overlapping: set[int]) -> tuple[Problem, str] | None:
    mode = member.external_attr >> 16
    if mode and not (stat.S_ISREG(mode) or stat.S_IFMT(mode) == 0):
        return Problem.NOT_A_FILE, "a link or a device"
    if member.flag_bits & ENCRYPTED_FLAG:
        return Problem.ENCRYPTED, "locked member"
    if member.header_offset in overlapping:
        return Problem.DAMAGED, "members overlap"
    return None


def _inflated(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: _Budget) -> bytes:
    pieces, size = [], 0
    try:
        with archive.open(member) as file:
            while piece := file.read(CHUNK_BYTES):
                size += len(piece)
                budget.size -= len(piece)
                if budget.size < 0:
                    raise Unreadable(
                        Problem.TOO_COMPLEX, f"inflates past {MAX_UNPACKED_BYTES // MB} MB"
                    )
                if size > MAX_BYTES:
                    raise Unreadable(Problem.TOO_LARGE, f"more than {MAX_BYTES} bytes")
                pieces.append(piece)
    except RuntimeError as error:  # locked after all
        raise Unreadable(Problem.ENCRYPTED, type(error).__name__) from error
    except BROKEN_ARCHIVE as error:
        raise Unreadable(Problem.DAMAGED, f"ZIP member: {type(error).__name__}") from error
    return b"".join(pieces)


def _overlapping(listed: list[zipfile.ZipInfo]) -> set[int]:
    """Offsets of members that begin inside another: the trick of the densest bombs (D. Fifield,
    2019), which no honest program uses."""
    overlapping = set()
    end = 0
    for member in sorted(listed, key=lambda member: member.header_offset):
        if member.header_offset < end:
            overlapping.add(member.header_offset)
        end = max(end, member.header_offset + 30 + member.compress_size)
    return overlapping


def _name(member: zipfile.ZipInfo) -> str:
    """The path as it may be shown: no drive, no root, no way up, nothing that is not seen."""
    name = member.orig_filename
    if not member.flag_bits & UTF_8_FLAG:
        name = _decoded(name)
    name = DRIVE.sub("", unicodedata.normalize("NFC", name).replace("\\", "/"))
    parts = []
    for part in name.split("/"):
        visible = "".join(
            c for c in part if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co")
        )
        if visible.strip() not in ("", ".", ".."):
            parts.append(" ".join(visible.split()))
    short = "/".join(parts[-4:])
    if len(short) > MAX_NAME_CHARACTERS:
        stem, dot, ending = short.rpartition(".")
        short = (
            stem[: MAX_NAME_CHARACTERS - 21] + dot + ending[:20]
            if dot
            else short[:MAX_NAME_CHARACTERS]
        )
    return short


def _decoded(name: str) -> str:
    """A name that says nothing of its encoding: as UTF-8 if it is that, else as zipfile took it
    (code page 437), else in the Japanese and Chinese that it more likely is."""
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    if raw.isascii():
        return name
    for codec in ("utf-8", "shift_jis", "gb18030"):
        try:
            decoded = raw.decode(codec)
        except UnicodeDecodeError:
            continue
        if codec == "utf-8" or _is_east_asian(decoded):
            return decoded
    return name


def _is_east_asian(text: str) -> bool:
    foreign = [c for c in text if not c.isascii()]
    return len(foreign) > 1 and all(unicodedata.east_asian_width(c) in "WFH" for c in foreign)


def _unique(name: str, names_met: dict[str, int]) -> str:
    """The name, with a number behind it where the archive has it twice."""
    names_met[name] = names_met.get(name, 0) + 1
    if names_met[name] == 1:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem} ({names_met[name]}).{ending}" if dot else f"{name} ({names_met[name]})"
