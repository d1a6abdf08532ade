"""DOCX files for tests: from their XML, so that each has what its test is about and no more."""

import io
import zipfile
from collections.abc import Mapping, Sequence

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMESPACES = (
    f'xmlns:w="{W}" xmlns:r="{R}" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)
TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'
)
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def paragraph(text: str) -> str:
    return f'<w:p><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def cell(*blocks: str) -> str:
    return f"<w:tc>{''.join(blocks) or '<w:p/>'}</w:tc>"


def table(*rows: Sequence[str]) -> str:
    """Each row a sequence of cells, made by `cell`."""
    return f"<w:tbl>{''.join(f'<w:tr>{"".join(row)}</w:tr>' for row in rows)}</w:tbl>"


def docx(
    *body: str,
    parts: Mapping[str, str] | None = None,
    others: Mapping[tuple[str, str], bytes] | None = None,
    prolog: str = "",
    before: str = "",
) -> bytes:
    """A document of these blocks of XML, a plain text standing for a paragraph.

    `parts` maps kinds ("header", "footer", "footnotes", "styles", "theme", "settings") to the XML
    inside that part; `others` maps (kind, name) to the bytes of a part, with the ids x1, x2 and so
    on; `prolog` goes before the root, where a DTD stands, and `before` in front of the body.
    """
    blocks = "".join(block if block.startswith("<") else paragraph(block) for block in body)
    roots = {"header": "w:hdr", "footer": "w:ftr", "theme": "a:theme"}
    targets = {f"r{kind}": (kind, f"{kind}.xml") for kind in parts or {}}
    targets |= {f"x{number}": other for number, other in enumerate(others or {}, start=1)}
    members = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": _relations({"r0": ("officeDocument", "word/document.xml")}),
        "word/document.xml": (
            f"{prolog}<w:document {NAMESPACES}>{before}<w:body>{blocks}<w:sectPr/></w:body>"
            "</w:document>"
        ),
        "word/_rels/document.xml.rels": _relations(targets),
    }
    for kind, content in (parts or {}).items():
        root = roots.get(kind, f"w:{kind}")
        members[f"word/{kind}.xml"] = f"<{root} {NAMESPACES}>{content}</{root}>"
    packed_others = {f"word/{name}": data for (_, name), data in (others or {}).items()}
    return packed({name: text.encode() for name, text in members.items()} | packed_others)


def packed(members: Mapping[str, bytes]) -> bytes:
    """A ZIP of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def zip_bomb_docx(megabytes: int = 200) -> bytes:
    """A document part that inflates to `megabytes` of blanks."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        with archive.open("word/document.xml", "w") as file:
            for _ in range(megabytes):
                file.write(b" " * (1024 * 1024))
    return out.getvalue()


def lying_docx() -> bytes:
    """A bomb whose headers say that its document part has 100 bytes."""
    bomb = bytearray(zip_bomb_docx(64))
    size = (64 * 1024 * 1024).to_bytes(4, "little")
    while (at := bomb.find(size)) != -1:
        bomb[at : at + 4] = (100).to_bytes(4, "little")
    return bytes(bomb)


def crowded_docx(members: int = 5_000) -> bytes:
    """A document among thousands of empty members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", f"<w:document {NAMESPACES}/>")
        for number in range(members):
            archive.writestr(f"word/media/{number}", b"")
    return out.getvalue()


def external_entity_docx(path: str) -> bytes:
    """Asks the parser to put the file at `path` into the text (XXE)."""
    dtd = f'<!DOCTYPE d [<!ENTITY secret SYSTEM "file://{path}">]>'
    return docx(paragraph("Before &secret; after"), prolog=dtd)


def billion_laughs_docx() -> bytes:
    """Ten entities, each ten times the one before."""
    entities = ['<!ENTITY e0 "laugh">']
    entities += [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 11)]
    dtd = f"<!DOCTYPE d [{''.join(entities)}]>"
    return docx(paragraph("Jane &e10; Example"), prolog=dtd)


def locked_member_docx() -> bytes:
    """A ZIP whose document part is marked as encrypted."""
    plain = bytearray(docx("Jane Example"))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = plain.find(magic)
        while at != -1:
            plain[at + offset] |= 1
            at = plain.find(magic, at + 4)
    return bytes(plain)


def _relations(targets: Mapping[str, tuple[str, str]]) -> str:
    """`targets` maps ids to (kind, name)."""
    each = "".join(
        f'<Relationship Id="{key}" Type="{R}/{kind}" Target="{target}"/>'
        for key, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{RELATIONS}">{each}</Relationships>'
