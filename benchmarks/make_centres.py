"""Make candidates/scoring/engines/centres.json from the texts in benchmarks/centres.

Each line is a text about one trade, in postings with its title before the colon, or a piece that
occurs in texts of every trade: boilerplate.txt for postings, the second half of resumes.txt for
résumés. Means are rounded, so that the file is the same on every machine.
"""

import json
from pathlib import Path

import numpy as np

from candidates.scoring.engines import semantic

TEXTS = Path(__file__).with_name("centres")


def main() -> None:
    postings = (TEXTS / "postings.txt").read_text(encoding="utf-8").splitlines()
    boilerplate = (TEXTS / "boilerplate.txt").read_text(encoding="utf-8").splitlines()
    sources = {
        "resume": (TEXTS / "resumes.txt").read_text(encoding="utf-8").splitlines(),
        "posting": postings + boilerplate,
        "title": [posting.partition(":")[0] for posting in postings],
    }
    centres = {
        name: [round(float(x), 5) for x in np.mean([semantic.mean(t) for t in texts], axis=0)]
        for name, texts in sources.items()
    }
    semantic.CENTRES.write_text(json.dumps(centres) + "\n")


if __name__ == "__main__":
    main()
