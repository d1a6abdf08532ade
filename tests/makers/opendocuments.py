"""OpenDocument texts for tests: from their XML, so that each has what its test is about."""

from .words import packed

MIME = "application/vnd.oasis.opendocument.text"
_SHORT = {
    "office": "office:1.0",
    "text": "text:1.0",
    "table": "table:1.0",
    "style": "style:1.0",
    "draw": "drawing:1.0",
    "fo": "xsl-fo-compatible:1.0",
    "svg": "svg-compatible:1.0",
    "form": "form:1.0",
    "manifest": "manifest:1.0",
}
NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}"'
    for prefix, name in _SHORT.items()
)
LOCKED = (
    f'<manifest:manifest {NAMESPACES}><manifest:file-entry manifest:full-path="content.xml">'
    '<manifest:encryption-data manifest:checksum="x"/></manifest:file-entry></manifest:manifest>'
)


def odt(*body: str, styles: str = "", margins: str = "", automatic: str = "") -> bytes:
    """A text of these blocks of XML, a plain text standing for a paragraph. `styles` are those of
    the file, `automatic` those of its content, `margins` what its one master page holds."""
    members = {
        "mimetype": MIME,
        "content.xml": f"<office:document-content {NAMESPACES}>{_content(body, automatic)}"
        "</office:document-content>",
        "styles.xml": f"<office:document-styles {NAMESPACES}>{_styles(styles, margins)}"
        "</office:document-styles>",
    }
    return packed({name: text.encode() for name, text in members.items()})


def flat_odt(*body: str) -> bytes:
    """The same in one file of XML (.fodt)."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document {NAMESPACES} '
        f'office:mimetype="{MIME}">{_styles("", "")}{_content(body, "")}</office:document>'
    ).encode()


def locked_odt() -> bytes:
    """One with a password: its content is noise, which the manifest says."""
    return packed(
        {
            "mimetype": MIME.encode(),
            "content.xml": bytes(range(256)),
            "META-INF/manifest.xml": LOCKED.encode(),
        }
    )


def bomb_odt() -> bytes:
    """A content that inflates past the limit."""
    return packed({"mimetype": MIME.encode(), "content.xml": b" " * (40 * 1024 * 1024)})


def _content(body: tuple[str, ...], automatic: str) -> str:
    blocks = "".join(
        block if block.startswith("<") else f"<text:p>{block}</text:p>" for block in body
    )
    return (
        f"<office:automatic-styles>{automatic}</office:automatic-styles>"
        f"<office:body><office:text>{blocks}</office:text></office:body>"
    )


def _styles(styles: str, margins: str) -> str:
    return (
        f"<office:styles>{styles}</office:styles><office:master-styles>"
        f'<style:master-page style:name="Standard">{margins}</style:master-page>'
        "</office:master-styles>"
    )
