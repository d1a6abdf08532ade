"""Accept uploaded files: check name and size, hash, skip duplicates, store. No file is read here.

Pages, command line and demo all use `accept`; the caller also wakes the readers, in the same
transaction.
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

from .models import Archive, Candidate, Draft, Event, EventVerb, Piece
from .models.candidate import CandidateStatus
from .reading import MAX_ARCHIVE_BYTES, MAX_BYTES, ZIP, Member, Problem
from .reasons import sentence

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_NAME_CHARACTERS = 255
MAX_EXTENSION_CHARACTERS = 20
# Unicode categories: control characters, invisible formatting, surrogates, line and paragraph ends.
INVISIBLE_CATEGORIES = ("Cc", "Cf", "Cs", "Zl", "Zp")
NO_NAME_MESSAGE = gettext_lazy("The file has no usable name. Rename it and upload it again.")
MAX_PIECES = 64  # of a file
MAX_SOURCE_CHARACTERS = 600


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file to be accepted; `read` is called once, for a file at a time."""

    name: str
    size: int
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class UploadOutcome:
    """The result of a file: one of candidate, archive, duplicate_of and refused is set."""

    name: str
    candidate: Candidate | None = None
    archive: Archive | None = None
    duplicate_of: str = ""  # the name of the same file that the draft has already
    refused: str = ""  # the reason, and what to do
    problem: Problem | None = None  # the same for programs, where it is the file's


class PieceMissing(Exception):
    """Parts of the file are missing; it has to be sent again from its first part."""


def from_path(path: Path) -> Incoming:
    """A file of this computer. `accept` refuses a file that cannot be opened."""
    try:
        size = path.stat().st_size
    except OSError:
        size = 1  # unknown; `accept` reads it and reports the problem
    return Incoming(path.name, size, path.read_bytes)


def from_upload(file: "UploadedFile[Any]") -> Incoming:
    return Incoming(file.name or "", file.size or 0, file.read)


def clean_name(path: str) -> str:
    """The file name of `path`, safe to show and store; "" when nothing usable is left.

    Only the last part of a path, composed (NFC), without invisible characters, shortened to 255
    characters without losing the extension.
    """
    last = re.split(r"[/\\]", path)[-1]
    visible = (
        c
        for c in unicodedata.normalize("NFC", last)
        if unicodedata.category(c) not in INVISIBLE_CATEGORIES
    )
    name = " ".join("".join(visible).split())
    if not name.strip("."):
        return ""
    stem, dot, extension = name.rpartition(".")
    if len(name) <= MAX_NAME_CHARACTERS:
        return name
    if not stem or len(extension) > MAX_EXTENSION_CHARACTERS:
        return name[:MAX_NAME_CHARACTERS]
    return stem[: MAX_NAME_CHARACTERS - len(extension) - 1] + dot + extension


def accept(
    draft: Draft, user: "User | None", files: Iterable[Incoming], source: str = ""
) -> list[UploadOutcome]:
    """Store the new files and return the result of each file, in their order.

    The same bytes twice in a draft make a single candidate, even when requests send them at the
    same time. A ZIP is stored, to be unpacked by a worker. `source` is the archive and folder of
    files that were not uploaded as such. Four queries, and those of the storage for each new file.
    """
    outcomes: list[UploadOutcome] = []
    contents: dict[str, bytes] = {}  # by hash, each once
    indexes: dict[str, list[int]] = {}  # of the files in `outcomes`, by hash
    for file in files:
        outcome, data = _check(file)
        if not (outcome.refused or source) and _is_archive(outcome.name, data):
            outcome = _store_archive(draft, user, outcome.name, data)
        elif not outcome.refused:
            digest = sha256(data).hexdigest()
            contents.setdefault(digest, data)
            indexes.setdefault(digest, []).append(len(outcomes))
        outcomes.append(outcome)
    if not contents:
        return outcomes
    with transaction.atomic():
        _store_candidates(draft, contents, indexes, outcomes, source)
        added = sum(outcome.candidate is not None for outcome in outcomes)
        if added:
            Event.objects.record(
                draft.pk, EventVerb.FILES_ADDED, actor=user, params={"count": added}
            )
    return outcomes


def _store_candidates(
    draft: Draft,
    contents: dict[str, bytes],
    indexes: dict[str, list[int]],
    outcomes: list[UploadOutcome],
    source: str,
) -> None:
    """Store the new files of `contents` and complete their `outcomes`: a candidate, or the file
    that they duplicate. `indexes` has their places in `outcomes`, by hash."""
    names = {digest: outcomes[first].name for digest, (first, *_) in indexes.items()}
    stored = _store(draft, contents, names, source)
    candidates = Candidate.objects.filter(draft=draft, sha256__in=contents).defer("text")
    for candidate in candidates:
        first, *duplicates = indexes[candidate.sha256]
        if stored.get(candidate.sha256) == candidate.file.name:
            outcomes[first] = replace(outcomes[first], candidate=candidate)
            del stored[candidate.sha256]
        else:
            duplicates.insert(0, first)
        for index in duplicates:
            outcomes[index] = replace(outcomes[index], duplicate_of=candidate.filename)
    discard(stored.values())  # another request was faster with the same bytes


def accept_members(draft: Draft, archive: Archive, members: Sequence[Member]) -> int:
    """Create candidates from an archive's members, in the caller's transaction; return the number
    of new ones. Members that cannot be unpacked become unreadable candidates with the problem."""
    by_folder: dict[str, list[Member]] = {}
    for member in members:
        folder = member.name.rpartition("/")[0]
        source = " › ".join(filter(None, (archive.filename, folder)))[:MAX_SOURCE_CHARACTERS]
        by_folder.setdefault(source, []).append(member)
    new = 0
    for source, inside in by_folder.items():
        files = [member for member in inside if member.problem is None]
        outcomes = accept(draft, None, map(from_member, files), source)
        new += sum(outcome.candidate is not None for outcome in outcomes)
        unusable = [(member, member.problem) for member in inside if member.problem is not None]
        unusable += [
            (member, Problem.NOT_OPENED if member.data else Problem.EMPTY)
            for member, outcome in zip(files, outcomes, strict=True)
            if outcome.refused
        ]
        rows = [
            _unreadable_candidate(draft, archive, source, member, problem)
            for member, problem in unusable
        ]
        new += len(Candidate.objects.bulk_create(rows, ignore_conflicts=True))
    return new


def from_member(member: Member) -> Incoming:
    return Incoming(member.name.rpartition("/")[2], len(member.data), lambda: member.data)


def _unreadable_candidate(
    draft: Draft, archive: Archive, source: str, member: Member, problem: Problem
) -> Candidate:
    """A candidate without a file, with the problem. Its hash is that of its path in the archive,
    since its bytes are not known."""
    return Candidate(
        draft=draft,
        filename=clean_name(member.name) or "a file without a name",
        source=source,
        size=0,
        sha256=sha256(f"{archive.sha256}/{member.name}".encode()).hexdigest(),
        status=CandidateStatus.UNREADABLE,
        problem=problem,
        read_at=timezone.now(),
    )


def _is_archive(name: str, data: bytes) -> bool:
    return name.lower().endswith(".zip") and data.startswith(ZIP)


def _store_archive(draft: Draft, user: "User | None", name: str, data: bytes) -> UploadOutcome:
    digest = sha256(data).hexdigest()
    with transaction.atomic():
        archive = Archive(draft=draft, filename=name, size=len(data), sha256=digest)
        archive.file.save("archive", ContentFile(data), save=False)
        Archive.objects.bulk_create([archive], ignore_conflicts=True)
        stored = Archive.objects.get(draft=draft, sha256=digest)
        if stored.file.name != archive.file.name:
            discard([str(archive.file.name)])
            return UploadOutcome(name, duplicate_of=stored.filename)
        Event.objects.record(draft.pk, EventVerb.ARCHIVE_ADDED, actor=user, about=stored.public_id)
    return UploadOutcome(name, archive=stored)


def remove_unreadable_files(draft: Draft, user: "User") -> int:
    """Remove every candidate whose file cannot be read, with the file; returns how many."""
    with transaction.atomic():
        unreadable = draft.candidates.filter(status=CandidateStatus.UNREADABLE)
        names = dict(unreadable.select_for_update().values_list("pk", "file"))
        if names:
            Candidate.objects.filter(pk__in=names).delete()
            discard(names.values())
            Event.objects.record(
                draft.pk,
                EventVerb.UNREADABLE_FILES_REMOVED,
                actor=user,
                params={"count": len(names)},
            )
    return len(names)


def discard(names: Iterable[str]) -> None:
    """Delete stored files, in a single statement where the storage supports it."""
    names = [name for name in names if name]  # a member that could not be unpacked has no file
    delete_many: Callable[[Sequence[str]], Any] | None = getattr(
        default_storage, "delete_many", None
    )
    if names and delete_many is not None:
        delete_many(names)
        return
    for name in names:
        default_storage.delete(name)


def store_piece(draft: Draft, upload: UUID, number: int, content: bytes) -> None:
    """Store part `number` of a large file; the same part again replaces it."""
    Piece.objects.update_or_create(
        draft=draft, upload=upload, number=number, defaults={"content": content}
    )


def join_pieces(draft: Draft, upload: UUID, name: str, total: int) -> Incoming:
    """Join the `total` stored parts of a file, and delete them. Three queries.

    Raises PieceMissing.
    """
    pieces = Piece.objects.filter(draft=draft, upload=upload)
    stored = pieces.aggregate(parts=Count("pk"), size=Sum(Length("content"), default=0))
    if stored["parts"] != total:
        raise PieceMissing(
            gettext("%(there)d of %(total)d parts of the file have come.")
            % {"there": stored["parts"], "total": total}
        )
    parts = pieces.order_by("number").values_list("content", flat=True)
    # A file that is too large is not joined in memory.
    data = b"" if stored["size"] > max_bytes(name) else b"".join(map(bytes, parts))
    pieces.delete()
    return Incoming(name, stored["size"], lambda: data)


def max_bytes(name: str) -> int:
    """The maximum size of a file with this name, in bytes."""
    return MAX_ARCHIVE_BYTES if name.lower().endswith(".zip") else MAX_BYTES


def _check(file: Incoming) -> tuple[UploadOutcome, bytes]:
    """Refuse an unusable file before it is stored; else return its bytes."""
    name = clean_name(file.name)
    if not name:
        return UploadOutcome(file.name[:MAX_NAME_CHARACTERS], refused=str(NO_NAME_MESSAGE)), b""
    limit = max_bytes(name)
    too_large = Problem.TOO_LARGE if limit == MAX_BYTES else Problem.ARCHIVE_TOO_LARGE
    problem = too_large if file.size > limit else None
    data = b""
    if problem is None:
        try:
            data = file.read()
        except OSError:
            problem = Problem.NOT_OPENED
        else:
            problem = None if data else Problem.EMPTY
    if len(data) > limit:  # the file grew after its size was read
        problem = too_large
    return UploadOutcome(name, refused=sentence(problem), problem=problem), data


def _store(
    draft: Draft, contents: dict[str, bytes], names: dict[str, str], source: str
) -> dict[str, str]:
    """Store the files that the draft does not have; return the stored names by hash.

    The rows are inserted in sorted order, so that two requests with the same files cannot deadlock.
    """
    known = Candidate.objects.filter(draft=draft, sha256__in=contents)
    known_hashes = set(known.values_list("sha256", flat=True))
    new = []
    for digest in sorted(contents.keys() - known_hashes):
        data = contents[digest]
        candidate = Candidate(
            draft=draft, filename=names[digest], source=source, size=len(data), sha256=digest
        )
        candidate.file.save("resume", ContentFile(data), save=False)
        new.append(candidate)
    Candidate.objects.bulk_create(new, ignore_conflicts=True)
    return {candidate.sha256: str(candidate.file.name) for candidate in new}
