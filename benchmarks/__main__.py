"""Run every benchmark, or those named: `python -m benchmarks reading jobs`."""

import importlib
import sys

ALL = (
    "reading",
    "uploads",
    "ranking",
    "queue",
    "jobs",
    "models",
    "scale",
    "lanes",
    "claims",
    "pages",
    "admin",
)


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"No benchmark is named {', '.join(unknown)}. There are: {', '.join(ALL)}.")  # noqa: T201
        return 2
    for name in names or ALL:
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
