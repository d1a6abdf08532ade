"""The catalogues of languages: whole, and compiled from what is written."""

from pathlib import Path

import polib
import pytest
from django.conf import settings

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
    offered = {code for code, _ in settings.LANGUAGES} - {"en"}

    assert {path.parts[-3] for path in CATALOGUES} <= offered
