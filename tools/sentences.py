"""Write candidates/sentences.py: what rooms that know no Django say, for those who translate.

Run by `make messages`, from the top of the project.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from candidates.reading.problems import Problem  # noqa: E402
from candidates.scoring.protected import SENTENCES  # noqa: E402

HEAD = """\
\"\"\"Sentences of the rooms that know no Django, for those who translate: made by `make messages`.

They are translated where they are shown, by their English words.
\"\"\"

from django.utils.translation import gettext_noop

SENTENCES = (
"""


def main() -> None:
    told = dict.fromkeys((*(one.sentence for one in Problem), *SENTENCES.values()))
    lines = [f"    gettext_noop({sentence!r}),\n" for sentence in told]
    text = HEAD + "".join(lines) + ")\n"
    (ROOT / "candidates" / "sentences.py").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
