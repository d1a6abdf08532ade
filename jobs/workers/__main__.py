"""Run the workers of one supervisor: `python -m jobs.workers`, which only a supervisor starts.

Every process of the tree dies with its parent, so that no death leaves an orphan that goes on
working unseen. The exit code is 0 when the end was asked for.
"""

import os
import sys

from .processes import die_with_parent

_parent: list[int] = []  # the process id of the process that forks


def _before_fork() -> None:
    _parent[:] = [os.getpid()]


def _after_fork() -> None:
    die_with_parent(_parent[0])


def main() -> int:
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evaluator.settings")
    import django

    django.setup()
    from jobs import queue

    return queue.run_workers()


if __name__ == "__main__":
    sys.exit(main())
