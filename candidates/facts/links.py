"""Web addresses that a résumé gives, with or without a scheme; nothing is ever fetched.

Confidence before the first part of the résumé and under "contact": 0.95 for a profile on a known
site, 0.9 for an address that is written out, 0.8 for a profile of which only the name is given
("GitHub: janeex"), 0.6 for a bare host. Elsewhere half of it: under a job an address is as likely
the employer's.
"""

import re
from collections.abc import Iterator

from candidates.facts.values import Link

LINK = re.compile(
    r"(?<![\w@./-])(?:(?P<scheme>https?://)|www\.)?(?P<host>(?:[a-z0-9][a-z0-9-]{0,62}\.){1,4}"
    r"[a-z]{2,18})(?P<path>/(?:[^\s|,;<>()\"'•·，。、；]"
    # A long address is broken after a hyphen, and its rest has a line of its own.
    r"|(?<=-)\n(?=[a-z0-9/_-]{1,100}[ \t]*(?:$|[|,]))){0,200})?",
    re.IGNORECASE | re.MULTILINE,
)
# Most lines have no address; this finds them faster than LINK does.
DOTTED = re.compile(r"^.*[a-z0-9-]\.[a-z].*$", re.IGNORECASE | re.MULTILINE)
PROFILE = re.compile(
    r"\b(?P<site>linkedin|github)[ \t]*[:\uff1a][ \t]*(?P<mark>@|/?in/|/)?"
    r"(?P<name>[a-z0-9][a-z0-9-]{1,98})/?[ \t]*(?=$|[|,;•·\t])",
    re.IGNORECASE | re.MULTILINE,
)
# What stands in the place of a name where the address is only behind the word.
_NO_PROFILES = "account available here link linkedin github page profile url yes"
NO_PROFILES = frozenset(_NO_PROFILES.split())
# Domains in which people have home pages; "node.js" and "e.g." are none.
_HOME_DOMAINS = "com org net io dev me app co ai tech page blog info eu uk de fr es it nl"
HOME_DOMAINS = frozenset(_HOME_DOMAINS.split())
TOOL_NAMES = frozenset(
    ("asp.net", "vb.net", "ado.net", "ml.net", "socket.io", "draw.io", "fast.ai")
)
OWN_PARTS = frozenset(("", "contact", "summary"))  # kinds of parts
MAX_LINKS = 10


def find(parts: list[tuple[str, str]], ignored_host: str = "") -> tuple[Link, ...]:
    """The links in the parts (text, kind) of a résumé, at most MAX_LINKS; a bare `ignored_host` is
    not a link."""
    links: dict[str, Link] = {}
    for text, kind in parts:
        if kind == "references":
            continue
        own = kind in OWN_PARTS
        for link_kind, url, confidence, bare in _links_in(text):
            host = url.partition("://")[2]
            if bare and (
                not own or host.lower() in TOOL_NAMES or host.lower() == ignored_host.lower()
            ):
                continue
            links.setdefault(
                url.lower(), Link(link_kind, url, confidence if own else round(confidence / 2, 2))
            )
            if len(links) == MAX_LINKS:
                return tuple(links.values())
    return tuple(links.values())


def _links_in(text: str) -> Iterator[tuple[str, str, float, bool]]:
    """(kind, address, confidence, whether it is a host and nothing else)"""
    for match in _addresses(text):
        host = match["host"].lower()
        path = (match["path"] or "").replace("\n", "").rstrip(".:/")
        scheme = match["scheme"] or "https://"
        stated = match["scheme"] or match.group().lower().startswith("www.")
        bare = not stated and not path
        kind = "web"
        for known in ("linkedin", "github"):
            if host == f"{known}.com" or host.endswith(f".{known}.com"):
                kind = known
        if (bare and host.rpartition(".")[2] not in HOME_DOMAINS) or (kind != "web" and not path):
            continue
        www = "www." if stated and not match["scheme"] else ""
        confidence = 0.95 if kind != "web" else 0.9 if stated else 0.6
        if match["path"] and "\n" in match["path"]:
            confidence = 0.6
        yield kind, f"{scheme}{www}{match['host']}{path}", confidence, bare
    for match in PROFILE.finditer(text):
        name = match["name"]
        if name.lower() in NO_PROFILES or not (match["mark"] or name.islower() or "-" in name):
            continue
        site = match["site"].lower()
        folder = "in/" if site == "linkedin" else ""
        yield site, f"https://{site}.com/{folder}{name}", 0.8, False


def _addresses(text: str) -> Iterator[re.Match[str]]:
    for line in DOTTED.finditer(text):
        end = text.find("\n", line.end() + 1)  # of the next: an address may go on there
        for match in LINK.finditer(text, line.start(), end if end >= 0 else len(text)):
            if match.start() >= line.end():
                break
            yield match
