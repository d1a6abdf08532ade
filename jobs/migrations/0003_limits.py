"""The tables of the shared limits, as pyrate-limiter's bucket wants them.

It would make them by itself; but what a transaction makes is gone when it is rolled back.
"""

from django.db import migrations

NAMES = ("calls", "tokens")


class Migration(migrations.Migration):
    dependencies = [("jobs", "0002_pause")]

    operations = [
        migrations.RunSQL(
            [
                f"""CREATE TABLE ratelimit___{name} (
                    name VARCHAR, weight SMALLINT, item_timestamp TIMESTAMP)""",
                f"""CREATE INDEX timestampindex_{name}
                    ON ratelimit___{name} (item_timestamp)""",
            ],
            [f"DROP TABLE ratelimit___{name}"],
        )
        for name in NAMES
    ]
