"""Addresses on the web that a résumé gives, with or without a scheme; nothing is ever fetched.

Sure are those before the first part of the résumé and under "contact": 0.95 for a profile on a
known site, 0.9 where the address is written out, 0.8 for a profile told by its name alone
("GitHub: janeex"), 0.6 for a bare host. Under a job they are as likely the employer's: half of it.
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
# Most lines have no address, and that is seen faster so.
DOTTED = re.compile(r"^.*[a-z0-9-]\.[a-z].*$", re.IGNORECASE | re.MULTILINE)
PROFILE = re.compile(
    r"\b(?P<site>linkedin|github)[ \t]*[:\uff1a][ \t]*(?P<mark>@|/?in/|/)?"
    r"(?P<name>[a-z0-9][a-z0-9-]{1,98})/?[ \t]*(?=$|[|,;•·\t])",
    re.IGNORECASE | re.MULTILINE,
)
# What stands there where the address itself is behind it.
_NO_PROFILES = "account available here link linkedin github page profile url yes"
NO_PROFILES = frozenset(_NO_PROFILES.split())
# Endings of bare names that are homes of people; "node.js" and "e.g." are none.
_HOME_DOMAINS = "com org net io dev me app co ai tech page blog info eu uk de fr es it nl"
HOME_DOMAINS = frozenset(_HOME_DOMAINS.split())
TOOL_NAMES = frozenset(
    ("asp.net", "vb.net", "ado.net", "ml.net", "socket.io", "draw.io", "fast.ai")
)
OWN_PARTS = frozenset(("", "contact", "summary"))  # kinds of parts
MAX_LINKS = 10


def find(parts: list[tuple[str, str]], ignored_host: str = "") -> tuple[Link, ...]:
    """The links of a text in `parts`, each with its kind; `but` is a host that is none."""
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
    """(kind, address, how sure, whether it is a host and nothing else)"""
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
