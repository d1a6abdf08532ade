"""An index for the queue's messages, in the order in which they are taken."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0003_limits"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]
    operations = [
        migrations.RunSQL(
            "CREATE INDEX jobs_queue_in_order ON django_q_ormq (key, lock, id)",
            "DROP INDEX jobs_queue_in_order",
        )
    ]
