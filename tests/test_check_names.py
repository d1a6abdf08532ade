"""The tool that finds names that say nothing, and imports under another name."""

import ast
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TOOL = runpy.run_path(str(Path(__file__).resolve().parents[1] / "tools" / "check_names.py"))
names: Callable[[str, ast.Module], Iterator[str]] = TOOL["_names"]
template_names: Callable[[str, str], Iterator[str]] = TOOL["_template_names"]
renamed_imports: Callable[[str, ast.Module], Iterator[str]] = TOOL["_renamed_imports"]


@pytest.mark.parametrize(
    "source",
    [
        "told = 1",
        "def told(): pass",
        "def read(told): pass",
        "class Told: pass",
        "row.told = 1",
        "for told in rows: pass",
        "import json as told",
        "import jobs.models as _told",
        "from json import loads as told",
        "try:\n    pass\nexcept OSError as told:\n    pass",
        "match row:\n    case told: pass",
        "match row:\n    case [first, *told]: pass",
        "match row:\n    case {'a': 1, **told}: pass",
        "match row:\n    case str() as told: pass",
        "read(told=1)",
    ],
)
def test_a_name_that_says_nothing_is_reported(source: str) -> None:
    assert len(list(names("a.py", ast.parse(source)))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "row = told",
        "match row:\n    case _: pass",
        "match row:\n    case {'told': 1}: pass",
        "try:\n    pass\nexcept OSError:\n    pass",
        "read(**values)",
        "import json",
    ],
)
def test_a_name_that_is_only_read_is_not_reported(source: str) -> None:
    assert list(names("a.py", ast.parse(source))) == []


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ("from jobs.models import Job as Work", 1),
        ("from . import models as rows", 1),
        ("import jobs.models as rows", 1),
        ("import jobs.models", 0),
        ("import json as text", 0),
        ("from jobs.models import Job", 0),
    ],
)
def test_an_import_of_own_names_under_another_name_is_reported(source: str, number: int) -> None:
    assert len(list(renamed_imports("a.py", ast.parse(source)))) == number


@pytest.mark.parametrize(
    "source",
    [
        "{% for one in rows %}",
        "{% for key, one in rows %}",
        "{% with one=row %}",
        "{% with row as one %}",
        "{% blocktranslate with one=row.pk count number=1 %}",
        "{% include 'row.html' with one=row %}",
        "{% translate 'Save' as one %}",
    ],
)
def test_a_name_that_a_template_tag_sets_is_reported(source: str) -> None:
    assert list(template_names("a.html", f"\n{source}")) == [
        "a.html:2: the name one does not say what it is"
    ]


@pytest.mark.parametrize(
    "source",
    [
        "{% for row in rows %}",
        "{% translate 'This is as one in a row, one=1' %}",
        "{% with row=one %}",
        "one in rows, one=1",
    ],
)
def test_other_words_of_a_template_are_not_reported(source: str) -> None:
    assert list(template_names("a.html", source)) == []
