"""Taking files in: name, size, hash, duplicate, store. Nothing is read here.

Pages, command line and demo all come through `accept`; who calls it also wakes the readers, in the
same transaction.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.functions import Length
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from .models import Archive, Candidate, Draft, Event, Piece
from .models.candidate import CandidateStatus
from .reading import MAX_ARCHIVE_BYTES, MAX_BYTES, ZIP, Member, Problem
from .reasons import sentence

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LONGEST_NAME = 255
LONGEST_EXTENSION = 20
# Control characters; what is not seen but turns or joins what is; halves of characters; line ends.
UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
NO_NAME = gettext_lazy("The file has no usable name. Rename it and upload it again.")
MOST_PIECES = 64  # of one file
LONGEST_SOURCE = 600


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file on its way in; its bytes are asked for once, and one file's at a time."""

    name: str
    size: int
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class UploadOutcome:
    """What became of one file: one of candidate, archive, duplicate_of and refused is set."""

    name: str
    candidate: Candidate | None = None
    archive: Archive | None = None
    duplicate_of: str = ""  # the name of the same file, there already
    refused: str = ""  # why, and what to do
    problem: Problem | None = None  # the same for programs, where it is the file's


class PieceMissing(Exception):
    """Parts of the file have not come; it has to be sent again from its first part."""


def from_path(path: Path) -> Incoming:
    """A file of this computer. One that cannot be opened is refused by `accept`, not here."""
    try:
        size = path.stat().st_size
    except OSError:
        size = 1  # reading it will tell
    return Incoming(path.name, size, path.read_bytes)


def from_upload(file: "UploadedFile[Any]") -> Incoming:
    return Incoming(file.name or "", file.size or 0, file.read)


def clean_name(given: str) -> str:
    """`given` as it may be shown, kept and offered again; empty when nothing usable is left.

    Only the last part of a path, composed (NFC), without characters that cannot be seen, at most
    255 characters with the extension kept.
    """
    last = re.split(r"[/\\]", given)[-1]
    seen = (c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c) not in UNSEEN)
    name = " ".join("".join(seen).split())
    if not name.strip("."):
        return ""
    stem, dot, extension = name.rpartition(".")
    if len(name) <= LONGEST_NAME:
        return name
    if not stem or len(extension) > LONGEST_EXTENSION:
        return name[:LONGEST_NAME]
    return stem[: LONGEST_NAME - len(extension) - 1] + dot + extension


def accept(
    draft: Draft, user: "User | None", files: Iterable[Incoming], source: str = ""
) -> list[UploadOutcome]:
    """Store what is new and say what became of each file, in their order.

    The same bytes twice in a draft are one candidate, however many requests bring them at the same
    time. A ZIP is kept to be unpacked by a worker. `source` says where files came from that nobody
    uploaded by themselves. Four queries, and those of the storage for each new file.
    """
    outcomes: list[UploadOutcome] = []
    contents: dict[str, bytes] = {}  # by hash, each once
    places: dict[str, list[int]] = {}
    for file in files:
        outcome, data = _look(file)
        if not (outcome.refused or source) and _is_archive(outcome.name, data):
            outcome = _keep_archive(draft, user, outcome.name, data)
        elif not outcome.refused:
            digest = sha256(data).hexdigest()
            contents.setdefault(digest, data)
            places.setdefault(digest, []).append(len(outcomes))
        outcomes.append(outcome)
    if not contents:
        return outcomes
    with transaction.atomic():
        names = {h: outcomes[at[0]].name for h, at in places.items()}
        mine = _store(draft, contents, names, source)
        kept = Candidate.objects.filter(draft=draft, sha256__in=contents).defer("text")
        for candidate in kept:
            first, *again = places[candidate.sha256]
            if mine.get(candidate.sha256) == candidate.file.name:
                outcomes[first] = replace(outcomes[first], candidate=candidate)
                del mine[candidate.sha256]
            else:
                again.insert(0, first)
            for place in again:
                outcomes[place] = replace(outcomes[place], duplicate_of=candidate.filename)
        discard(mine.values())  # another request was quicker with the same bytes
        added = sum(outcome.candidate is not None for outcome in outcomes)
        if added:
            Event.objects.all().record(draft.pk, "files added", actor=user, detail=str(added))
    return outcomes


def accept_members(draft: Draft, archive: Archive, members: Sequence[Member]) -> int:
    """Make candidates of an archive's members, in the caller's transaction; returns how many are
    new. Members that cannot be unpacked become unreadable candidates with their reason."""
    by_folder: dict[str, list[Member]] = {}
    for member in members:
        folder = member.name.rpartition("/")[0]
        source = " › ".join(filter(None, (archive.filename, folder)))[:LONGEST_SOURCE]
        by_folder.setdefault(source, []).append(member)
    new = 0
    for source, inside in by_folder.items():
        files = [member for member in inside if member.problem is None]
        outcomes = accept(draft, None, map(from_member, files), source)
        new += sum(outcome.candidate is not None for outcome in outcomes)
        troubles = [(member, member.problem) for member in inside if member.problem is not None]
        troubles += [
            (member, Problem.NOT_OPENED if member.data else Problem.EMPTY)
            for member, outcome in zip(files, outcomes, strict=True)
            if outcome.refused
        ]
        rows = [_without_file(draft, archive, source, *trouble) for trouble in troubles]
        new += len(Candidate.objects.bulk_create(rows, ignore_conflicts=True))
    return new


def from_member(member: Member) -> Incoming:
    return Incoming(member.name.rpartition("/")[2], len(member.data), lambda: member.data)


def _without_file(
    draft: Draft, archive: Archive, source: str, member: Member, problem: Problem
) -> Candidate:
    """A candidate that says why there is no file. Its place in the archive stands for the bytes
    that nobody has seen."""
    return Candidate(
        draft=draft,
        filename=clean_name(member.name) or "a file without a name",
        source=source,
        size=0,
        sha256=sha256(f"{archive.sha256}/{member.name}".encode()).hexdigest(),
        status=CandidateStatus.UNREADABLE,
        problem=problem,
        detail=member.detail,
        read_at=timezone.now(),
    )


def _is_archive(name: str, data: bytes) -> bool:
    return name.lower().endswith(".zip") and data.startswith(ZIP)


def _keep_archive(draft: Draft, user: "User | None", name: str, data: bytes) -> UploadOutcome:
    digest = sha256(data).hexdigest()
    with transaction.atomic():
        archive = Archive(draft=draft, filename=name, size=len(data), sha256=digest)
        archive.file.save("archive", ContentFile(data), save=False)
        Archive.objects.bulk_create([archive], ignore_conflicts=True)
        kept = Archive.objects.get(draft=draft, sha256=digest)
        if kept.file.name != archive.file.name:
            discard([str(archive.file.name)])
            return UploadOutcome(name, duplicate_of=kept.filename)
        Event.objects.all().record(draft.pk, "archive added", actor=user, detail=name)
    return UploadOutcome(name, archive=kept)


def discard(names: Iterable[str]) -> None:
    """Remove stored files: in one statement where the storage can."""
    names = [name for name in names if name]  # what never came out of its archive has no file
    many: Callable[[Sequence[str]], Any] | None = getattr(default_storage, "delete_many", None)
    if names and many is not None:
        many(names)
        return
    for name in names:
        default_storage.delete(name)


def keep_piece(draft: Draft, upload: UUID, number: int, content: bytes) -> None:
    """Keep part `number` of a large file; the same part again is the same part."""
    Piece.objects.update_or_create(
        draft=draft, upload=upload, number=number, defaults={"content": content}
    )


def join_pieces(draft: Draft, upload: UUID, name: str, total: int) -> Incoming:
    """The file whose `total` parts have been kept; they are kept no longer. Three queries.

    Raises PieceMissing.
    """
    pieces = Piece.objects.filter(draft=draft, upload=upload)
    there = pieces.aggregate(parts=Count("pk"), size=Sum(Length("content"), default=0))
    if there["parts"] != total:
        raise PieceMissing(
            gettext("%(there)d of %(total)d parts of the file have come.")
            % {"there": there["parts"], "total": total}
        )
    parts = pieces.order_by("number").values_list("content", flat=True)
    # More than may be taken in is not put together in memory.
    data = b"" if there["size"] > most_bytes(name) else b"".join(map(bytes, parts))
    pieces.delete()
    return Incoming(name, there["size"], lambda: data)


def most_bytes(name: str) -> int:
    """How large a file of this name may be."""
    return MAX_ARCHIVE_BYTES if name.lower().endswith(".zip") else MAX_BYTES


def _look(file: Incoming) -> tuple[UploadOutcome, bytes]:
    """Refuse what need not be stored to be refused; its bytes otherwise."""
    name = clean_name(file.name)
    if not name:
        return UploadOutcome(file.name[:LONGEST_NAME], refused=str(NO_NAME)), b""
    most = most_bytes(name)
    too_large = Problem.TOO_LARGE if most == MAX_BYTES else Problem.ARCHIVE_TOO_LARGE
    problem = too_large if file.size > most else None
    data = b""
    if problem is None:
        try:
            data = file.read()
        except OSError:
            problem = Problem.NOT_OPENED
        else:
            problem = None if data else Problem.EMPTY
    if len(data) > most:  # it grew between the look and the reading
        problem = too_large
    return UploadOutcome(name, refused=sentence(problem), problem=problem), data


def _store(
    draft: Draft, contents: dict[str, bytes], names: dict[str, str], source: str
) -> dict[str, str]:
    """Store what the draft does not have yet; the stored names by hash.

    The rows go in sorted: two requests with the same files in another order cannot block each
    other for ever.
    """
    known = Candidate.objects.filter(draft=draft, sha256__in=contents)
    there = set(known.values_list("sha256", flat=True))
    new = []
    for digest in sorted(contents.keys() - there):
        data = contents[digest]
        candidate = Candidate(
            draft=draft, filename=names[digest], source=source, size=len(data), sha256=digest
        )
        candidate.file.save("resume", ContentFile(data), save=False)
        new.append(candidate)
    Candidate.objects.bulk_create(new, ignore_conflicts=True)
    return {candidate.sha256: str(candidate.file.name) for candidate in new}
