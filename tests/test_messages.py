"""The catalogues of languages: whole, and compiled from what is written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.conf import ENVIRONMENT_VARIABLE, settings
from django.utils.translation import to_locale

CATALOGUES = sorted((settings.BASE_DIR / "locale").glob("*/LC_MESSAGES/django.po"))


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_a_catalogue_is_whole_and_compiled(path: Path) -> None:
    written = polib.pofile(str(path))
    compiled = {
        (entry.msgctxt, entry.msgid): (entry.msgstr, entry.msgstr_plural)
        for entry in polib.mofile(str(path.with_suffix(".mo")))
    }

    assert [entry.msgid for entry in written.untranslated_entries()] == []
    assert [entry.msgid for entry in written.fuzzy_entries()] == []
    assert compiled == {
        (entry.msgctxt, entry.msgid): (entry.msgstr, entry.msgstr_plural)
        for entry in written
        if not entry.obsolete
    }


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_a_translation_keeps_what_is_filled_in(path: Path) -> None:
    for entry in polib.pofile(str(path)):
        for translation in (entry.msgstr, *entry.msgstr_plural.values()):
            placeholders = set(entry.msgid.split("%(")[1:])
            for placeholder in placeholders:
                name = placeholder.partition(")")[0]
                assert f"%({name})" in translation or entry.msgid_plural, entry.msgid


def test_every_language_on_offer_has_a_catalogue() -> None:
    source = settings.LANGUAGE_CODE.partition("-")[0]

    offered = {to_locale(code) for code, _ in settings.LANGUAGES}
    assert {path.parts[-3] for path in CATALOGUES} == offered - {source}


@pytest.mark.processes
def test_a_catalogue_holds_what_the_program_says(tmp_path: Path) -> None:
    """`make messages` would add no entry and take none away; it runs on a copy of the sources."""
    copy = tmp_path / "copy"
    shutil.copytree(settings.BASE_DIR, copy, ignore=_not_gathered)
    locales = [path.parts[-3] for path in CATALOGUES]
    environment = {name: text for name, text in os.environ.items() if name != ENVIRONMENT_VARIABLE}
    options = ["--no-location", "--no-obsolete", "--no-wrap", "-ehtml,txt,py"]
    options += [f"-l{locale}" for locale in locales]
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", *options],
        cwd=copy,
        env=environment,
        check=True,
        capture_output=True,
    )

    for path in CATALOGUES:
        gathered = _msgids(copy / path.relative_to(settings.BASE_DIR))
        committed = _msgids(path)
        assert gathered - committed == set(), f"{path.parts[-3]}: run make messages"
        assert committed - gathered == set(), f"{path.parts[-3]}: run make messages"


def _not_gathered(folder: str, names: list[str]) -> set[str]:
    """What a copy does without: other files than `make messages` reads, and what it ignores."""
    path = Path(folder)
    ignored = {"tests", "benchmarks", "var", "staticfiles", "static"}
    return {
        name
        for name in names
        if name.startswith(".")
        or (path == settings.BASE_DIR and name in ignored)
        or ((path / name).is_file() and Path(name).suffix not in (".py", ".html", ".txt", ".po"))
    }


def _msgids(path: Path) -> set[tuple[str | None, str, str]]:
    return {
        (entry.msgctxt, entry.msgid, entry.msgid_plural)
        for entry in polib.pofile(str(path))
        if not entry.obsolete
    }
