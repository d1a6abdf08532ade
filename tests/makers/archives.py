"""ZIP files, honest and not, made byte by byte where zipfile is too honest."""

import io
import stat
import struct
import zipfile
import zlib

TEXT = b"Jane Example\njane@example.com\n\nExperience\nEngineer since 2015\n\nEducation\nBSc"


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def resumes(count: int = 3, folder: str = "") -> bytes:
    return packed({f"{folder}cv-{n}.txt": TEXT + b" %d" % n for n in range(count)})


def with_link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("passwords.txt")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("cv.txt", TEXT)
    return out.getvalue()


def with_locked_member() -> bytes:
    """The flag for a password set on the first of two members, in both places."""
    whole = bytearray(packed({"locked.txt": TEXT, "open.txt": TEXT + b" open"}))
    first = whole.index(b"PK\x03\x04")
    central = whole.index(b"PK\x01\x02")
    whole[first + 6] |= 1
    whole[central + 8] |= 1
    return bytes(whole)


def with_lying_size() -> bytes:
    """Says that its first member holds ten bytes."""
    whole = bytearray(packed({"big.txt": b"a" * 100_000, "cv.txt": TEXT}))
    for start, at in ((whole.index(b"PK\x03\x04"), 22), (whole.index(b"PK\x01\x02"), 24)):
        whole[start + at : start + at + 4] = (10).to_bytes(4, "little")
    return bytes(whole)


def with_other_local_name() -> bytes:
    """The list of contents and the member itself disagree about the name of the first."""
    return packed({"aa.txt": TEXT, "cv.txt": TEXT + b" 2"}).replace(b"aa.txt", b"bb.txt", 1)


def with_names(*names: bytes, flags: int = 0) -> bytes:
    """Members with exactly these bytes as names."""
    out = b""
    listed = b""
    for number, name in enumerate(names):
        data = TEXT + b" %d" % number
        head = struct.pack(
            "<HHHHHIIIHH", 20, flags, 0, 0, 33, zlib.crc32(data), len(data), len(data), len(name), 0
        )
        listed += b"PK\x01\x02\x14\x00" + head + struct.pack("<HHHII", 0, 0, 0, 0, len(out)) + name
        out += b"PK\x03\x04" + head + name + data
    end = struct.pack("<HHHHIIH", 0, 0, len(names), len(names), len(listed), len(out), 0)
    return out + listed + b"PK\x05\x06" + end


def overlapping(count: int) -> bytes:
    """Many entries in the list of contents that all point at the same member."""
    packed_bomb = packed({"bomb.txt": bytes(1_000_000)})
    start = packed_bomb.index(b"PK\x01\x02")
    end = packed_bomb.index(b"PK\x05\x06")
    listed = packed_bomb[start:end] * count
    tail = struct.pack("<HHHHIIH", 0, 0, count, count, len(listed), start, 0)
    return packed_bomb[:start] + listed + b"PK\x05\x06" + tail


def crowded(count: int) -> bytes:
    return packed({f"{n}.txt": b"" for n in range(count)})


def bomb(megabytes: int) -> bytes:
    return packed({"zeros.txt": bytes(megabytes * 1024 * 1024)})


def junk() -> bytes:
    return packed(
        {
            "__MACOSX/._cv.txt": b"x",
            "folder/.DS_Store": b"x",
            "Thumbs.db": b"x",
            "folder/": b"",
            "folder/cv.txt": TEXT,
        }
    )
