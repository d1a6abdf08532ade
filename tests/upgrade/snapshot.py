"""Write tests/upgrade/snapshots/VERSION.json.gz: `python -m tests.upgrade.snapshot VERSION`.

The database is made from the migrations, and filled by `fill`.
"""

import os
import sys

import django


def main(version: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from django.db import transaction

    from tests.database import migrated_template, new_database
    from tests.upgrade.database import SNAPSHOTS, Snapshot
    from tests.upgrade.fill import fill

    with new_database("snapshot", migrated_template()):
        with transaction.atomic():
            fill()
        snapshot = Snapshot.take()
    path = SNAPSHOTS / f"{version}.json.gz"
    snapshot.save(path)
    number = sum(len(table.lines) for table in snapshot.tables.values())
    print(f"{path}: {number} rows of {len(snapshot.tables)} tables")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say which version: python -m tests.upgrade.snapshot 0.1.0")
    main(sys.argv[1])
