"""The browser is found under the names that the setup accepts."""

from pathlib import Path

import pytest
from django.conf import settings

from tests.chromium import CHROMIUM_COMMANDS, find_chromium


def test_the_setup_looks_for_the_same_commands() -> None:
    setup = (settings.BASE_DIR / "tools" / "setup.sh").read_text()

    assert f"has {' '.join(CHROMIUM_COMMANDS)} || missing=" in setup


@pytest.mark.parametrize("command", CHROMIUM_COMMANDS)
def test_each_command_is_found(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / command).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)

    assert find_chromium() == str(tmp_path / command)


def test_the_environment_goes_first_and_a_missing_browser_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CHROMIUM", "/opt/a-browser")
    assert find_chromium() == "/opt/a-browser"

    monkeypatch.delenv("CHROMIUM")
    with pytest.raises(FileNotFoundError, match="set CHROMIUM"):
        find_chromium()
