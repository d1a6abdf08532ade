"""Résumés without a word processor: text, Markdown, HTML."""

from html import escape

from benchmarks.samples.bank import Entry, Person
from benchmarks.samples.ink import COLOURS


def txt(person: Person) -> bytes:
    """Plain text as people type it into an editor, headings underlined."""
    out = [person.name, *filter(None, [person.headline]), *person.contact]
    for part in person.sections:
        out += ["", part.title, "-" * len(part.title), *part.lines]
        for entry in part.entries:
            out += ["", ", ".join(_parts(entry)), *(f"  {line}" for line in entry.lines)]
    return ("\n".join(out) + "\n").encode()


def md(person: Person) -> bytes:
    """Markdown with one heading a section and one a post."""
    out = [f"# {person.name}", "", f"*{person.headline}*", "", " · ".join(person.contact)]
    for part in person.sections:
        out += ["", f"## {part.title}", "", *part.lines]
        for entry in part.entries:
            out += ["", f"### {' | '.join(_parts(entry))}", "", *entry.lines]
    return ("\n".join(out) + "\n").encode()


def html(person: Person) -> bytes:
    """One page of HTML with its style sheet inside."""
    colour = COLOURS[person.colour]
    out = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        f"<title>{escape(person.name)}</title><style>",
        "body { font: 15px/1.45 Georgia, serif; max-width: 42em; margin: 2em auto; }",
        f"h1, h2 {{ color: {colour}; margin-bottom: .2em; }} .when {{ color: #666; }}",
        "</style></head><body>",
        f"<h1>{escape(person.name)}</h1>",
        f"<p>{escape(person.headline)}<br>{escape(' · '.join(person.contact))}</p>",
    ]
    for part in person.sections:
        out += [f"<h2>{escape(part.title)}</h2>", *_html_lines(part.lines)]
        for entry in part.entries:
            out.append(
                f"<h3>{escape(entry.title)} "
                f'<span class="when">{escape(", ".join(_parts(entry)[1:]))}</span></h3>'
            )
            out += _html_lines(entry.lines)
    return ("\n".join([*out, "</body></html>"]) + "\n").encode()


def _parts(entry: Entry) -> list[str]:
    return [part for part in (entry.title, entry.place, entry.dates) if part]


def _html_lines(lines: list[str]) -> list[str]:
    out: list[str] = []
    bullets = [line for line in lines if line.startswith("- ")]
    out += [f"<p>{escape(line)}</p>" for line in lines if line not in bullets]
    if bullets:
        items = "".join(f"<li>{escape(line[2:])}</li>" for line in bullets)
        out.append(f"<ul>{items}</ul>")
    return out
