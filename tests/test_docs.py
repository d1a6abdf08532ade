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
# Without CHANGELOG.md: what it names may have moved since.
GUIDES = sorted(path for path in PAPERS if path.name != "CHANGELOG.md")
IN_BACKTICKS = re.compile(r"`([^`\n]+)`")
# A file with one of these suffixes, or a folder with a slash at its end; no <placeholders>.
PATH = re.compile(r"(?<![\w./<>*-])[\w./-]+(?:\.(?:html|js|json|md|py|sh|toml)|/)(?![\w<>*])")
DOTTED_NAME = re.compile(rf"(?<![\w./-])(?:{'|'.join(OURS)})(?:\.\w+)+")
CHECK_ID = re.compile(r"evaluator\.[EW]\d{3}")


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


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_path_in_the_documents_exists(guide: Path) -> None:
    """Relative to the root, or to a folder that the document names alone or in another path."""
    spans = IN_BACKTICKS.findall(guide.read_text(encoding="utf-8"))
    paths = {path for span in spans for path in PATH.findall(span) if _is_of_the_repository(path)}
    folders = {ROOT}
    for path in paths:
        folder = ROOT / (path if path.endswith("/") else Path(path).parent)
        if folder.is_dir():
            folders.add(folder)

    missing = sorted(
        path
        for path in paths
        if not any((folder / path.removeprefix("/")).exists() for folder in folders)
    )
    assert not missing, f"{guide.name} names files that do not exist: {', '.join(missing)}"


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_dotted_name_in_the_documents_exists(guide: Path) -> None:
    spans = IN_BACKTICKS.findall(guide.read_text(encoding="utf-8"))
    names = {name for span in spans for name in DOTTED_NAME.findall(span)}

    missing = sorted(
        name for name in names if not CHECK_ID.fullmatch(name) and not _is_resolved(name)
    )
    assert not missing, f"{guide.name} names code that does not exist: {', '.join(missing)}"


def _is_of_the_repository(path: str) -> bool:
    """Whether a fresh clone has it: no URL, nothing that a user or the program makes."""
    is_url = path.startswith("/") and path.endswith("/")
    return not is_url and path not in ("JOB.md", "var/")


def _is_resolved(name: str) -> bool:
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


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
