"""Run the workers of one supervisor: `python -m jobs.workers`, started by it and nobody else.

Every process of the tree dies with its parent, so the death of any one leaves no orphan that goes
on working unseen; the exit code tells whether the end was asked for.
"""

import os
import sys

from .processes import die_with_parent

_parents: list[int] = []


def _before_fork() -> None:
    _parents[:] = [os.getpid()]


def _in_child() -> None:
    die_with_parent(_parents[0])


def main() -> int:
    os.register_at_fork(before=_before_fork, after_in_child=_in_child)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evaluator.settings")
    import django

    django.setup()
    from jobs import queue

    return queue.run_workers()


if __name__ == "__main__":
    sys.exit(main())
