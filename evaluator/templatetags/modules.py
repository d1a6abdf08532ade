"""Script tags for ES modules (static/js)."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from posixpath import dirname, join, normpath

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

# `import { a, b } from "./c.js";` and `import "./c.js";`, as `deno fmt` writes them.
IMPORT = re.compile(r'^import\b[^;"]*"(\.[^"]+)";$', re.MULTILINE)


@register.simple_tag
def module_script(path: str) -> SafeString:
    """The script tag of a module, with a preload link for each module that it imports.

    Without the links a browser finds imports of imports one round trip after the other.
    """
    links = format_html_join(
        "", '<link rel="modulepreload" href="{}">\n', ((static(name),) for name in imports(path))
    )
    return format_html('{}<script src="{}" type="module"></script>', links, static(path))


@cache
def imports(path: str) -> tuple[str, ...]:
    """Paths of the static files that a module imports, directly or not, each once."""
    names: dict[str, None] = {}
    pending = [path]
    while pending:
        for name in imported_by(pending.pop()):
            if name not in names:
                names[name] = None
                pending.append(name)
    return tuple(names)


def imported_by(path: str) -> Iterator[str]:
    """Paths of the static files that a module names in its `import` statements."""
    file = finders.find(path)
    if file is None:
        raise FileNotFoundError(f"There is no static file {path}.")
    for relative in IMPORT.findall(Path(file).read_text(encoding="utf-8")):
        yield normpath(join(dirname(path), relative))
