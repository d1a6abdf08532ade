"""The scripts as a browser gets them: hashed names in production, imports announced in the page."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname, join, normpath

import pytest
from django.conf import settings
from django.core.management import call_command
from django.template import Context, Template
from django.test import Client, override_settings
from django.urls import reverse

from evaluator.templatetags.modules import imports

SCRIPTS = settings.BASE_DIR / "static" / "js"
RELATIVE = re.compile(r'^import\b[^;"]*"(\.[^"]+)";?$', re.MULTILINE)


def imported_in(name: str, source: str) -> list[str]:
    """Names of the files that a module with this name and source imports."""
    return [normpath(join(dirname(name), relative)) for relative in RELATIVE.findall(source)]


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that `collectstatic` fills, with production's storage."""
    folder = tmp_path_factory.mktemp("static")
    storages = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "evaluator.static_storage.StaticStorage"},
    }
    with override_settings(STATIC_ROOT=folder, STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)
        yield folder


@pytest.mark.slow
def test_every_import_names_a_hashed_file_that_is_there(gathered: Path) -> None:
    manifest = json.loads((gathered / "staticfiles.json").read_text())["paths"]
    number_of_imports = 0
    for path in sorted(SCRIPTS.rglob("*.js")):
        name = f"js/{path.relative_to(SCRIPTS)}"
        expected = [manifest[imported] for imported in imported_in(name, path.read_text())]
        actual = imported_in(name, (gathered / manifest[name]).read_text())
        assert actual == expected
        assert all((gathered / imported).is_file() for imported in actual)
        number_of_imports += len(actual)
    assert number_of_imports > 50


def test_a_module_comes_with_all_that_it_imports(gathered: Path) -> None:
    tag = Template("{% load modules %}{% module_script 'js/upload/main.js' %}").render(Context())

    script = re.findall(r'<script src="/static/(.+?)" type="module"></script>', tag)
    preloaded = re.findall(r'<link rel="modulepreload" href="/static/(.+?)">', tag)
    assert len(script) == 1 and re.fullmatch(r"js/upload/main\.[0-9a-f]{12}\.js", script[0])
    reached, pending = set[str](), script[:]
    while pending:
        name = pending.pop()
        new = set(imported_in(name, (gathered / name).read_text())) - reached
        reached |= new
        pending += new
    assert reached == set(preloaded) and len(preloaded) == len(reached)
    assert imports("js/site/time_zone.js") == ()


def test_a_module_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"no static file js/nothing\.js"):
        imports("js/nothing.js")


def test_a_page_has_modules_from_this_site_only(client: Client) -> None:
    page = client.get(reverse("login")).text

    scripts = re.findall(r"<script\b[^>]*>", page)
    assert [tag for tag in scripts if 'src="/static/' not in tag] == []
    modules = [tag for tag in scripts if 'type="module"' in tag]
    assert len(modules) == 3 and len(scripts) == 4  # htmx is none


@pytest.mark.parametrize("path", sorted(SCRIPTS.rglob("*.js")), ids=lambda path: path.stem)
def test_no_script_writes_a_path_of_the_site(path: Path) -> None:
    source = path.read_text()
    code = re.sub(r"//.*", "", re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL))

    assert source.startswith("// @ts-check\n")
    assert re.findall(r"""["'`]/(?!")""", code) == []
