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
        (one.msgctxt, one.msgid): (one.msgstr, one.msgstr_plural)
        for one in polib.mofile(str(path.with_suffix(".mo")))
    }

    assert [one.msgid for one in written.untranslated_entries()] == []
    assert [one.msgid for one in written.fuzzy_entries()] == []
    assert compiled == {
        (one.msgctxt, one.msgid): (one.msgstr, one.msgstr_plural)
        for one in written
        if not one.obsolete
    }


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_a_translation_keeps_what_is_filled_in(path: Path) -> None:
    for one in polib.pofile(str(path)):
        for said in (one.msgstr, *one.msgstr_plural.values()):
            holes = set(one.msgid.split("%(")[1:])
            for hole in holes:
                name = hole.partition(")")[0]
                assert f"%({name})" in said or one.msgid_plural, one.msgid


def test_every_language_on_offer_has_a_catalogue() -> None:
    offered = {code for code, _ in settings.LANGUAGES} - {"en"}

    assert {path.parts[-3] for path in CATALOGUES} <= offered
