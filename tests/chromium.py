"""The browser of the tests, the screens and the benchmarks."""

import os
import shutil

# In the order in which they are looked for; tools/setup.sh installs the first where none is there.
CHROMIUM_COMMANDS = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str:
    """The path in CHROMIUM, or of the first of these commands. Raises FileNotFoundError."""
    commands = filter(None, map(shutil.which, CHROMIUM_COMMANDS))
    program = os.environ.get("CHROMIUM") or next(commands, None)
    if program is None:
        raise FileNotFoundError("There is no Chromium: install it, or set CHROMIUM to its path.")
    return program
