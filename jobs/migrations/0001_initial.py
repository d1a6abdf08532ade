import datetime

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.db.models.functions.uuid
from django.conf import settings
from django.db import migrations, models

import jobs.models.webhook


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
        ("candidates", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BadAddress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("address", models.EmailField(max_length=254)),
                (
                    "kind",
                    models.CharField(
                        choices=[("bounced", "came back"), ("complained", "marked as spam")],
                        max_length=10,
                    ),
                ),
                ("detail", models.CharField(blank=True, db_default="", max_length=500)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "verbose_name_plural": "bad addresses",
                "ordering": ["-created_at", "-pk"],
                "permissions": [("lift_badaddress", "Can let a bad address be written to again")],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("address"), name="bad_address_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["bounced", "complained"])),
                        name="bad_address_kind_listed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("host", models.CharField(max_length=255)),
                ("pid", models.PositiveIntegerField()),
                ("workers", models.PositiveSmallIntegerField(help_text="worker processes")),
                (
                    "started_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "seen_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "canary_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="when a test message last came through the whole path",
                        null=True,
                    ),
                ),
                (
                    "busy_at",
                    models.DateTimeField(
                        blank=True, help_text="when a worker last had work in hand", null=True
                    ),
                ),
                ("restarts", models.PositiveIntegerField(db_default=0, help_text="of the cluster")),
                (
                    "stopping",
                    models.BooleanField(db_default=False, help_text="its lanes hand over"),
                ),
                (
                    "draining",
                    models.BooleanField(
                        db_default=False, help_text="staff told it to take no work"
                    ),
                ),
            ],
            options={
                "ordering": ["-seen_at"],
                "permissions": [("drain_heartbeat", "Can drain hosts")],
                "indexes": [
                    models.Index(fields=["seen_at"], name="jobs_heartb_seen_at_e7ff7f_idx")
                ],
            },
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("host", models.CharField(max_length=255)),
                (
                    "heartbeat",
                    models.PositiveBigIntegerField(help_text="id of the supervisor's sign of life"),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("process", "a process of the workers died"),
                            ("workers", "all workers were replaced"),
                        ],
                        max_length=8,
                    ),
                ),
                ("reason_code", models.CharField(editable=False, max_length=40)),
                (
                    "reason_params",
                    models.JSONField(blank=True, db_default={}, default=dict, editable=False),
                ),
                (
                    "occurred_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "ordering": ["-occurred_at", "-pk"],
                "indexes": [
                    models.Index(fields=["-occurred_at"], name="jobs_incide_occurre_2698ec_idx")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["process", "workers"])),
                        name="incident_kind_listed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "reason_code__in",
                                [
                                    "worker_died",
                                    "worker_timed_out",
                                    "pusher_died",
                                    "monitor_died",
                                    "process_died",
                                    "cluster_ended",
                                    "canary_missing",
                                ],
                            )
                        ),
                        name="incident_reason_code_listed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "error_code",
                    models.CharField(
                        blank=True, db_default="", default="", editable=False, max_length=40
                    ),
                ),
                (
                    "error_params",
                    models.JSONField(blank=True, db_default={}, default=dict, editable=False),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        db_default=django.db.models.functions.uuid.UUID4(),
                        editable=False,
                        unique=True,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "waiting to start"),
                            ("processing", "running"),
                            ("completed", "completed"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        db_default="pending",
                        default="pending",
                        max_length=12,
                    ),
                ),
                (
                    "key",
                    models.UUIDField(
                        blank=True,
                        editable=False,
                        help_text="of the form that asked for it: one press, one job",
                        null=True,
                        unique=True,
                    ),
                ),
                (
                    "other_keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        db_default=[],
                        default=list,
                        editable=False,
                        help_text="of forms that were sent while it was under way, and led to it",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("completed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("ranked_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("paused_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "pause_code",
                    models.CharField(
                        blank=True, db_default="", default="", editable=False, max_length=40
                    ),
                ),
                (
                    "pause_params",
                    models.JSONField(blank=True, db_default={}, default=dict, editable=False),
                ),
                ("pauses", models.PositiveSmallIntegerField(db_default=0, editable=False)),
                (
                    "priority",
                    models.SmallIntegerField(
                        choices=[(-1, "low"), (0, "normal"), (1, "high")],
                        db_default=0,
                        default=0,
                        editable=False,
                    ),
                ),
                (
                    "tokens_before",
                    models.BigIntegerField(
                        db_default=0,
                        default=0,
                        editable=False,
                        help_text="of the analysis, by earlier jobs",
                    ),
                ),
                ("scheduled", models.BooleanField(db_default=False, default=False, editable=False)),
                (
                    "analysis",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="jobs",
                        to="candidates.analysis",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="jobs",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "permissions": (
                    ("cancel_job", "Can cancel jobs"),
                    ("pause_job", "Can pause and resume jobs"),
                    ("retry_job", "Can retry jobs"),
                    ("requeue_job", "Can send jobs to the queue again"),
                    ("prioritise_job", "Can raise and lower the priority of jobs"),
                    ("clear_evaluation", "Can take out résumés that stop the workers"),
                ),
            },
        ),
        migrations.CreateModel(
            name="Lane",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token", models.UUIDField(blank=True, null=True)),
                ("pid", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                (
                    "due_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="queued: since when; running: the end of the lease",
                    ),
                ),
                (
                    "leaving",
                    models.BooleanField(
                        db_default=False,
                        help_text="claims no more, only waits for answers on their way",
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="lanes",
                        to="candidates.draft",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        blank=True,
                        help_text="empty: reads files",
                        null=True,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="lanes",
                        to="jobs.job",
                    ),
                ),
                (
                    "worker",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="lanes",
                        to="jobs.heartbeat",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        db_default=django.db.models.functions.uuid.UUID4(),
                        editable=False,
                        unique=True,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("completed", "ranking ready"),
                            ("failed", "job failed"),
                            ("paused", "job paused"),
                            ("shared", "draft shared"),
                            ("digest", "scheduled run: what has changed"),
                            ("unstarted", "scheduled run could not start"),
                            ("expiring", "draft will be erased"),
                        ],
                        editable=False,
                        max_length=12,
                    ),
                ),
                (
                    "occasion",
                    models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("read_at", models.DateTimeField(editable=False, null=True)),
                (
                    "actor",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="notices",
                        to="candidates.draft",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="notices",
                        to="jobs.job",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="notices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "due_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        help_text="waiting: not before; claimed: the end of the lease",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(db_default=0, editable=False)),
                (
                    "deferrals",
                    models.PositiveSmallIntegerField(
                        db_default=0,
                        editable=False,
                        help_text="put off in a row, through no fault of its own",
                    ),
                ),
                (
                    "error_code",
                    models.CharField(
                        blank=True, db_default="", default="", editable=False, max_length=40
                    ),
                ),
                (
                    "error_params",
                    models.JSONField(blank=True, db_default={}, default=dict, editable=False),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        db_default=django.db.models.functions.uuid.UUID4(),
                        editable=False,
                        help_text="the same for each attempt, so that the receiver can recognise a repetition",
                        unique=True,
                    ),
                ),
                (
                    "occasion",
                    models.PositiveSmallIntegerField(
                        db_default=0,
                        default=0,
                        help_text="of a kind that comes more than once: which time",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting to be sent"),
                            ("sending", "being sent"),
                            ("sent", "sent"),
                            ("failed", "given up"),
                        ],
                        db_default="waiting",
                        default="waiting",
                        max_length=12,
                    ),
                ),
                (
                    "http_status",
                    models.PositiveSmallIntegerField(blank=True, editable=False, null=True),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("tried_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("sent_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("completed", "ranking ready"),
                            ("failed", "job failed"),
                            ("paused", "job paused"),
                            ("shared", "draft shared"),
                            ("digest", "scheduled run: what has changed"),
                            ("unstarted", "scheduled run could not start"),
                            ("expiring", "draft will be erased"),
                        ],
                        max_length=12,
                    ),
                ),
                ("recipient", models.EmailField(max_length=254)),
                (
                    "draft",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="+",
                        to="candidates.draft",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="notifications",
                        to="jobs.job",
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="notifications",
                        to="candidates.membership",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        help_text="in whose language it is; empty: there is no such account",
                        null=True,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
                "permissions": [("resend_notification", "Can send an e-mail again")],
            },
        ),
        migrations.CreateModel(
            name="MailEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "message_id",
                    models.CharField(db_index=True, help_text="the provider's", max_length=255),
                ),
                (
                    "event_id",
                    models.CharField(
                        help_text="the provider's; empty: recorded when it was sent", max_length=255
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("queued", "taken by the provider"),
                            ("sent", "on its way"),
                            ("delivered", "delivered"),
                            ("deferred", "put off by the receiver"),
                            ("bounced", "came back"),
                            ("complained", "marked as spam"),
                            ("rejected", "refused by the provider"),
                            ("failed", "failed at the provider"),
                        ],
                        max_length=10,
                    ),
                ),
                ("detail", models.CharField(blank=True, db_default="", max_length=500)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "notification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="mail_events",
                        to="jobs.notification",
                    ),
                ),
            ],
            options={
                "ordering": ["created_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Period",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "grain",
                    models.CharField(
                        choices=[
                            ("hour", "hour"),
                            ("day", "day"),
                            ("total", "everything before the hours that are kept"),
                        ],
                        max_length=5,
                    ),
                ),
                ("start", models.DateTimeField()),
                ("counted_until", models.DateTimeField(help_text="what ended before is counted")),
                ("is_settled", models.BooleanField(db_default=False, default=False)),
                (
                    "counts",
                    models.JSONField(
                        default=dict,
                        help_text="of each kind of rows: labels and figures (jobs.monitoring.counts)",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "overview",
                "constraints": [
                    models.UniqueConstraint(fields=("grain", "start"), name="period_once"),
                    models.CheckConstraint(
                        condition=models.Q(("grain__in", ["hour", "day", "total"])),
                        name="period_grain_listed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Purge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "warnings",
                    models.PositiveIntegerField(db_default=0, help_text="owners warned of a draft"),
                ),
                ("drafts", models.PositiveIntegerField(db_default=0, help_text="drafts erased")),
                (
                    "candidates",
                    models.PositiveIntegerField(db_default=0, help_text="candidates erased"),
                ),
                (
                    "erased_drafts",
                    models.JSONField(
                        db_default=[],
                        default=list,
                        help_text="of each draft: its id, state, last activity and how much it held",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "indexes": [
                    models.Index(fields=["-created_at"], name="jobs_purge_created_0f171e_idx")
                ],
            },
        ),
        migrations.CreateModel(
            name="RetentionWarning",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("due_at", models.DateTimeField(help_text="the draft is not erased before")),
                (
                    "draft",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="retention_warning",
                        to="candidates.draft",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RunningTask",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("pid", models.PositiveIntegerField()),
                (
                    "name",
                    models.CharField(help_text="of the function in jobs.tasks", max_length=40),
                ),
                (
                    "started_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("due_at", models.DateTimeField(help_text="until when it may take at the longest")),
                (
                    "worker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="running_tasks",
                        to="jobs.heartbeat",
                    ),
                ),
            ],
            options={
                "ordering": ["started_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Schedule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "frequency",
                    models.CharField(
                        choices=[
                            ("off", "off"),
                            ("daily", "every day"),
                            ("weekly", "every week"),
                            ("monthly", "every month"),
                            ("cron", "by a cron expression"),
                        ],
                        db_default="off",
                        default="off",
                        max_length=8,
                        verbose_name="Run",
                    ),
                ),
                (
                    "time_of_day",
                    models.TimeField(
                        db_default=datetime.time(6, 0),
                        default=datetime.time(6, 0),
                        verbose_name="At",
                    ),
                ),
                (
                    "weekday",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "Monday"),
                            (2, "Tuesday"),
                            (3, "Wednesday"),
                            (4, "Thursday"),
                            (5, "Friday"),
                            (6, "Saturday"),
                            (7, "Sunday"),
                        ],
                        db_default=1,
                        default=1,
                        help_text="Day of the week.",
                        verbose_name="On",
                    ),
                ),
                (
                    "day",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "1"),
                            (2, "2"),
                            (3, "3"),
                            (4, "4"),
                            (5, "5"),
                            (6, "6"),
                            (7, "7"),
                            (8, "8"),
                            (9, "9"),
                            (10, "10"),
                            (11, "11"),
                            (12, "12"),
                            (13, "13"),
                            (14, "14"),
                            (15, "15"),
                            (16, "16"),
                            (17, "17"),
                            (18, "18"),
                            (19, "19"),
                            (20, "20"),
                            (21, "21"),
                            (22, "22"),
                            (23, "23"),
                            (24, "24"),
                            (25, "25"),
                            (26, "26"),
                            (27, "27"),
                            (28, "28"),
                            (31, "the last day"),
                        ],
                        db_default=1,
                        default=1,
                        help_text="Day of the month.",
                        verbose_name="On day",
                    ),
                ),
                (
                    "cron",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Minute, hour, day of the month, month, day of the week: “0 6 * * 1-5” is six o'clock from Monday to Friday.",
                        max_length=100,
                        verbose_name="Cron expression",
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        default="UTC",
                        editable=False,
                        help_text="in which next_at was computed",
                        max_length=64,
                    ),
                ),
                ("next_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "stop_code",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        help_text="why it stopped by itself",
                        max_length=40,
                    ),
                ),
                (
                    "stop_params",
                    models.JSONField(blank=True, db_default={}, default=dict, editable=False),
                ),
                (
                    "draft",
                    models.OneToOneField(
                        editable=False,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="schedule",
                        to="candidates.draft",
                    ),
                ),
            ],
            options={
                "permissions": [("run_schedule", "Can run a schedule now")],
            },
        ),
        migrations.CreateModel(
            name="ScheduledRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "error_code",
                    models.CharField(
                        blank=True, db_default="", default="", editable=False, max_length=40
                    ),
                ),
                (
                    "error_params",
                    models.JSONField(blank=True, db_default={}, default=dict, editable=False),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        db_default=django.db.models.functions.uuid.UUID4(),
                        editable=False,
                        unique=True,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        editable=False,
                        help_text="when it should have started; empty: staff started it by hand",
                        null=True,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("ran", "ran"),
                            ("unchanged", "skipped: nothing has changed"),
                            ("under way", "skipped: another run was under way, or paused"),
                            ("failed", "could not start"),
                        ],
                        editable=False,
                        max_length=9,
                    ),
                ),
                (
                    "has_changes",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        editable=False,
                        help_text="the ranking changed enough for an e-mail",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="scheduled_runs",
                        to="jobs.job",
                    ),
                ),
                (
                    "previous_analysis",
                    models.ForeignKey(
                        editable=False,
                        help_text="the ranking that it is compared with",
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="+",
                        to="candidates.analysis",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "schedule",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="runs",
                        to="jobs.schedule",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        db_default=django.db.models.functions.uuid.UUID4(),
                        editable=False,
                        unique=True,
                    ),
                ),
                ("url", models.URLField(max_length=500, verbose_name="address")),
                (
                    "secret",
                    models.CharField(
                        default=jobs.models.webhook.new_secret, editable=False, max_length=60
                    ),
                ),
                (
                    "events",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("run.completed", "a ranking is ready"),
                                (
                                    "run.partly_failed",
                                    "a ranking is ready, with résumés that have no score",
                                ),
                                ("run.failed", "a run has failed"),
                                ("run.paused", "a run has paused and waits for somebody"),
                                ("schedule.digest", "a scheduled run has changed a ranking"),
                                ("test", "a test"),
                            ],
                            max_length=20,
                        ),
                        default=jobs.models.webhook.subscribable_events,
                        verbose_name="when",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("disabled_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "disabled_reason",
                    models.CharField(
                        blank=True,
                        choices=[("gone", "The server answered 410: it wants no more messages.")],
                        db_default="",
                        default="",
                        editable=False,
                        help_text="empty: the owner switched it off",
                        max_length=12,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="webhooks",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["created_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "due_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        help_text="waiting: not before; claimed: the end of the lease",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(db_default=0, editable=False)),
                (
                    "deferrals",
                    models.PositiveSmallIntegerField(
                        db_default=0,
                        editable=False,
                        help_text="put off in a row, through no fault of its own",
                    ),
                ),
                (
                    "error_code",
                    models.CharField(
                        blank=True, db_default="", default="", editable=False, max_length=40
                    ),
                ),
                (
                    "error_params",
                    models.JSONField(blank=True, db_default={}, default=dict, editable=False),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        db_default=django.db.models.functions.uuid.UUID4(),
                        editable=False,
                        help_text="the same for each attempt, so that the receiver can recognise a repetition",
                        unique=True,
                    ),
                ),
                (
                    "occasion",
                    models.PositiveSmallIntegerField(
                        db_default=0,
                        default=0,
                        help_text="of a kind that comes more than once: which time",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting to be sent"),
                            ("sending", "being sent"),
                            ("sent", "sent"),
                            ("failed", "given up"),
                        ],
                        db_default="waiting",
                        default="waiting",
                        max_length=12,
                    ),
                ),
                (
                    "http_status",
                    models.PositiveSmallIntegerField(blank=True, editable=False, null=True),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("tried_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("sent_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("run.completed", "a ranking is ready"),
                            (
                                "run.partly_failed",
                                "a ranking is ready, with résumés that have no score",
                            ),
                            ("run.failed", "a run has failed"),
                            ("run.paused", "a run has paused and waits for somebody"),
                            ("schedule.digest", "a scheduled run has changed a ranking"),
                            ("test", "a test"),
                        ],
                        max_length=20,
                    ),
                ),
                ("body", models.TextField(help_text="what is sent, to the letter")),
                (
                    "job",
                    models.ForeignKey(
                        help_text="empty: a test",
                        null=True,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="+",
                        to="jobs.job",
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="deliveries",
                        to="jobs.webhook",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Halt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        help_text="shown to everybody whose job waits", max_length=200
                    ),
                ),
                (
                    "only",
                    models.BooleanField(db_default=True, default=True, editable=False, unique=True),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("only", True)), name="halt_only_one")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["-created_at"], name="jobs_job_created_77460a_idx"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["completed_at"], name="jobs_job_complet_4e7cfd_idx"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("status__in", ("pending", "processing"))),
                fields=["created_at"],
                name="job_open",
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("status", "failed")), fields=["created_at"], name="job_failed"
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["pending", "processing", "completed", "failed", "cancelled"])
                ),
                name="job_status_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(("priority__in", [-1, 0, 1])), name="job_priority_listed"
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("error_code", ""),
                    models.Func(
                        models.F("error_code"),
                        function="is_failure_code",
                        output_field=models.BooleanField(),
                    ),
                    _connector="OR",
                ),
                name="job_error_code_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("pause_code", ""),
                    models.Func(
                        models.F("pause_code"),
                        function="is_failure_code",
                        output_field=models.BooleanField(),
                    ),
                    _connector="OR",
                ),
                name="job_pause_code_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ("pending", "processing"))),
                fields=("analysis",),
                name="job_one_open_per_analysis",
                violation_error_message="This analysis is already running.",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("completed_at", None), ("status__in", ("pending", "processing"))),
                    models.Q(
                        ("completed_at__isnull", False),
                        ("status__in", ("completed", "failed", "cancelled")),
                    ),
                    _connector="OR",
                ),
                name="job_completed_when_over",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("started_at", None), ("status", "pending")),
                    models.Q(
                        ("started_at__isnull", False), ("status__in", ["processing", "completed"])
                    ),
                    ("status__in", ["failed", "cancelled"]),
                    _connector="OR",
                ),
                name="job_started_when_processing",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("pause_code", ""), ("pause_params", {}), ("paused_at", None)),
                    models.Q(
                        ("paused_at__isnull", False),
                        ("status__in", ("pending", "processing")),
                        models.Q(("pause_code", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="job_paused_while_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "failed"), models.Q(("error_code", ""), _negated=True)),
                    models.Q(
                        models.Q(("status", "failed"), _negated=True),
                        ("error_code", ""),
                        ("error_params", {}),
                    ),
                    _connector="OR",
                ),
                name="job_error_when_failed",
            ),
        ),
        migrations.AddIndex(
            model_name="lane",
            index=models.Index(fields=["job"], name="jobs_lane_job_id_c891e2_idx"),
        ),
        migrations.AddIndex(
            model_name="lane",
            index=models.Index(fields=["draft"], name="jobs_lane_draft_i_ac839e_idx"),
        ),
        migrations.AddConstraint(
            model_name="lane",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("started_at", None), ("token", None)),
                    models.Q(("started_at__isnull", False), ("token__isnull", False)),
                    _connector="OR",
                ),
                name="lane_token_while_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="lane",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("leaving", False), ("started_at__isnull", False), _connector="OR"
                ),
                name="lane_leaving_while_running",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                fields=["user", "-created_at"], name="jobs_notice_user_id_cab0f6_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("read_at", None)), fields=["user"], name="notice_unread"
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                fields=("user", "draft", "job", "kind", "occasion"),
                name="notice_once_for_each_occasion",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "completed",
                            "failed",
                            "paused",
                            "shared",
                            "digest",
                            "unstarted",
                            "expiring",
                        ],
                    )
                ),
                name="notice_kind_listed",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("status__in", ("waiting", "sending"))),
                fields=["due_at"],
                name="notification_to_send",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("sent_at__isnull", False)),
                fields=["sent_at"],
                name="notification_sent",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["waiting", "sending", "sent", "failed"])),
                name="notification_status_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "error_code__in",
                        [
                            "",
                            "mail_refused",
                            "mail_server_unreachable",
                            "mail_server_timed_out",
                            "mail_failed",
                            "recipient_refused",
                            "address_bounced",
                            "address_complained",
                            "draft_returned_to",
                            "webhook_refused",
                            "webhook_redirected",
                            "webhook_unreachable",
                            "webhook_timed_out",
                            "webhook_owner_left",
                            "address_private",
                        ],
                    )
                ),
                name="notification_error_code_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "sending"), ("token__isnull", False)),
                    models.Q(models.Q(("status", "sending"), _negated=True), ("token", None)),
                    _connector="OR",
                ),
                name="notification_token_while_sending",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("sent_at__isnull", False), ("status", "sent")),
                    models.Q(models.Q(("status", "sent"), _negated=True), ("sent_at", None)),
                    _connector="OR",
                ),
                name="notification_sent_at_when_sent",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.UniqueConstraint(
                fields=("job", "recipient", "kind", "occasion"),
                name="notification_once_for_each_occasion",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.UniqueConstraint(
                fields=("membership",), name="notification_shared_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("draft", None),
                        ("job", None),
                        ("kind", "shared"),
                        ("membership__isnull", False),
                    ),
                    models.Q(
                        ("draft__isnull", False),
                        ("job", None),
                        ("kind", "expiring"),
                        ("membership", None),
                    ),
                    models.Q(
                        models.Q(("kind__in", ["shared", "expiring"]), _negated=True),
                        ("draft", None),
                        ("job__isnull", False),
                        ("membership", None),
                    ),
                    _connector="OR",
                ),
                name="notification_about_its_subject",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "completed",
                            "failed",
                            "paused",
                            "shared",
                            "digest",
                            "unstarted",
                            "expiring",
                        ],
                    )
                ),
                name="notification_kind_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="mailevent",
            constraint=models.UniqueConstraint(
                fields=("notification", "message_id", "kind", "event_id"), name="mail_event_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="mailevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "queued",
                            "sent",
                            "delivered",
                            "deferred",
                            "bounced",
                            "complained",
                            "rejected",
                            "failed",
                        ],
                    )
                ),
                name="mail_event_kind_listed",
            ),
        ),
        migrations.AddIndex(
            model_name="schedule",
            index=models.Index(
                condition=models.Q(("next_at__isnull", False)),
                fields=["next_at"],
                name="schedule_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("frequency__in", ["off", "daily", "weekly", "monthly", "cron"])
                ),
                name="schedule_frequency_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("stop_code", ""),
                    models.Func(
                        models.F("stop_code"),
                        function="is_failure_code",
                        output_field=models.BooleanField(),
                    ),
                    _connector="OR",
                ),
                name="schedule_stop_code_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("next_at", None),
                    models.Q(
                        models.Q(("frequency", "off"), _negated=True),
                        ("stop_code", ""),
                        ("stop_params", {}),
                    ),
                    _connector="OR",
                ),
                name="schedule_off_has_no_next_run",
            ),
        ),
        migrations.AddIndex(
            model_name="scheduledrun",
            index=models.Index(
                fields=["schedule", "-created_at"], name="jobs_schedu_schedul_173760_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="scheduledrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["ran", "unchanged", "under way", "failed"])),
                name="scheduledrun_outcome_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="scheduledrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("error_code", ""),
                    models.Func(
                        models.F("error_code"),
                        function="is_failure_code",
                        output_field=models.BooleanField(),
                    ),
                    _connector="OR",
                ),
                name="scheduledrun_error_code_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="scheduledrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "failed"), models.Q(("error_code", ""), _negated=True)),
                    models.Q(
                        models.Q(("outcome", "failed"), _negated=True),
                        ("error_code", ""),
                        ("error_params", {}),
                    ),
                    _connector="OR",
                ),
                name="scheduledrun_error_when_failed",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.UniqueConstraint(fields=("user", "url"), name="webhook_once"),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("disabled_reason", ""),
                    models.Q(("disabled_at__isnull", False), ("disabled_reason__in", ["gone"])),
                    _connector="OR",
                ),
                name="webhook_disabled_reason_listed",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                fields=["webhook", "-created_at"], name="jobs_delive_webhook_6ccde1_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["created_at"], name="jobs_delive_created_1eefdc_idx"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("status__in", ("waiting", "sending"))),
                fields=["due_at"],
                name="delivery_to_send",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["waiting", "sending", "sent", "failed"])),
                name="delivery_status_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "error_code__in",
                        [
                            "",
                            "mail_refused",
                            "mail_server_unreachable",
                            "mail_server_timed_out",
                            "mail_failed",
                            "recipient_refused",
                            "address_bounced",
                            "address_complained",
                            "draft_returned_to",
                            "webhook_refused",
                            "webhook_redirected",
                            "webhook_unreachable",
                            "webhook_timed_out",
                            "webhook_owner_left",
                            "address_private",
                        ],
                    )
                ),
                name="delivery_error_code_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "sending"), ("token__isnull", False)),
                    models.Q(models.Q(("status", "sending"), _negated=True), ("token", None)),
                    _connector="OR",
                ),
                name="delivery_token_while_sending",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("sent_at__isnull", False), ("status", "sent")),
                    models.Q(models.Q(("status", "sent"), _negated=True), ("sent_at", None)),
                    _connector="OR",
                ),
                name="delivery_sent_at_when_sent",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                fields=("webhook", "job", "kind", "occasion"),
                name="delivery_once_for_each_occasion",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "run.completed",
                            "run.partly_failed",
                            "run.failed",
                            "run.paused",
                            "schedule.digest",
                            "test",
                        ],
                    )
                ),
                name="delivery_kind_listed",
            ),
        ),
        # The tables of the shared limits, as pyrate-limiter's bucket wants them. It would create
        # them by itself, but what a transaction creates is gone when it is rolled back.
        *(
            migrations.RunSQL(
                [
                    f"""CREATE TABLE ratelimit___{name} (
                        name VARCHAR, weight SMALLINT, item_timestamp TIMESTAMP)""",
                    f"""CREATE INDEX timestampindex_{name}
                        ON ratelimit___{name} (item_timestamp)""",
                ],
                [f"DROP TABLE ratelimit___{name}"],
            )
            for name in ("calls", "tokens")
        ),
        # An index for the queue's messages, in the order in which they are taken.
        migrations.RunSQL(
            "CREATE INDEX jobs_queue_in_order ON django_q_ormq (key, lock, id)",
            "DROP INDEX jobs_queue_in_order",
        ),
    ]
