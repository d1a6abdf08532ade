"""The documents name what exists, and nothing that does not."""

import re
import subprocess
from pathlib import Path
from pkgutil import resolve_name

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
PAPERS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
READS = re.compile(
    r'env\.(?:text|switch|whole|choice|names|languages|prices|server|dsn|days)\(\s*"([A-Z_0-9]+)"'
)
NAMED = re.compile(r"`([A-Z][A-Z_0-9]{3,})`")
OURS = ("evaluator", "jobs", "candidates")


def test_every_environment_variable_is_in_the_table_of_settings_and_none_besides() -> None:
    settings = (ROOT / "evaluator" / "settings.py").read_text(encoding="utf-8")
    read = set(READS.findall(settings))
    rows = "\n".join(line.split("|")[1] for line in SETTINGS.splitlines() if line.startswith("|"))

    assert set(NAMED.findall(rows)) == read


def test_every_command_is_in_the_documents() -> None:
    documents = README + "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")
    )
    commands = [name for name, app in get_commands().items() if app in OURS]

    assert sorted(commands) == ["check", "demo", "evaluate", "purge", "serve", "worker"]
    for name in commands:
        assert f"manage.py {name}" in documents or f"make {name}" in documents


def test_every_make_target_the_readme_names_exists() -> None:
    named = set(re.findall(r"`?make ([a-z]+)", README))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))

    assert {"demo", "test"} <= named <= targets


def test_every_link_of_the_documents_leads_to_a_file() -> None:
    for document in PAPERS:
        for target in re.findall(r"\]\((?!http)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.processes
def test_nothing_speaks_of_the_machine_it_was_written_on() -> None:
    tracked = subprocess.run(
        ["git", "grep", "-lIE", r"/root/|/work/main|/tmp/[a-z]+\.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()

    assert [name for name in tracked if name != "tests/test_docs.py"] == []


def test_every_check_of_ours_is_in_the_table_of_operations_and_none_besides() -> None:
    code = "".join(
        (ROOT / "evaluator" / name).read_text(encoding="utf-8")
        for name in ("checks.py", "doctor.py")
    )
    table = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    assert set(re.findall(r"`(?:evaluator\.)?([EW]\d{3})`", table)) == set(
        re.findall(r'id="evaluator\.([EW]\d{3})"', code)
    )


def test_every_word_of_the_glossary_is_in_the_code() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    names = re.findall(r"^\| [^|]+ \| `([\w.]+)` \|", glossary, re.MULTILINE)

    assert len(names) > 30
    for name in names:
        assert resolve_name(name) is not None


def test_the_readme_keeps_its_bullets_short() -> None:
    bullets = re.findall(r"^- (.+)$", README, re.MULTILINE)

    assert len(bullets) >= 8
    for bullet in bullets:
        assert len(bullet.replace("*", "").split()) <= 12, bullet
