import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.db.models.functions.uuid
from django.conf import settings
from django.db import migrations, models

import candidates.models.analysis
import candidates.models.archive
import candidates.models.candidate


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # The long lists of the constraints (candidates.models.constraints).
        migrations.RunSQL(
            [
                """
                CREATE OR REPLACE FUNCTION is_failure_code(code text) RETURNS boolean LANGUAGE
                plpgsql IMMUTABLE AS $$ BEGIN RETURN code = ANY ('{engine_unknown,
                engine_files_missing, api_key_missing, quota_gone, key_refused, redirected,
                model_unknown, certificate_invalid, context_too_small, budget_spent,
                server_silent, server_error, unreachable, connection_broken, timed_out,
                answer_too_large, answer_not_understood, pause_requested, rate_limit_reached,
                request_refused, resume_too_long, description_too_long, answer_unusable,
                no_choices, model_refused, cut_off, content_filtered, answer_empty, no_json,
                no_json_object, name_repeated, number_invalid, rating_missing, rating_invalid,
                rating_incomplete, insight_missing, insight_incomplete, criteria_missing,
                criteria_too_few, prompt_too_long, call_aborted, call_never_sent, worker_ended,
                program_failed, suggestion_program_failed, suggestion_timed_out,
                schedule_program_failed, scoring_stopped_worker, follow_up_stopped_worker,
                suggestion_stopped_worker, removed_by_staff, file_read_since, paused_by_user,
                no_candidates_left, nothing_scored, too_many_resumes, no_candidates,
                form_of_another_draft, none_failed_so, none_failed, nothing_to_retry,
                all_repeated, role_without_title, nothing_to_rate_by, criterion_key_repeated,
                criterion_without_name, weight_invalid, all_weights_zero, owner_left, cron_parts,
                cron_minute, cron_hour, cron_day, cron_month, cron_weekday, cron_invalid,
                cron_never, cron_too_often}'); END $$
                """,
                """
                CREATE OR REPLACE FUNCTION are_flags(flags jsonb) RETURNS boolean LANGUAGE plpgsql
                IMMUTABLE AS $$ BEGIN RETURN NOT jsonb_path_exists(flags, '$[*] ? (!exists(@.kind
                ? (@ == "mislabelled" || @ == "mixed-encodings" || @ == "macros" || @ ==
                "attachment-unreadable" || @ == "part-unreadable" || @ == "incomplete" || @ ==
                "page-unreadable" || @ == "recognised" || @ == "recognised-badly" || @ ==
                "pages-not-recognised" || @ == "unchecked" || @ == "letters-lost" || @ ==
                "no-resume" || @ == "two-people" || @ == "look-alike-letters" || @ ==
                "hidden-characters" || @ == "copies-description" || @ == "instructs-the-model" ||
                @ == "fake-turn" || @ == "fake-delimiter" || @ == "fake-answer" || @ ==
                "encoded-instructions" || @ == "remote-image" || @ == "keyword-stuffing" || @ ==
                "invisible-characters" || @ == "shortened")))'); END $$
                """,
            ],
            ["DROP FUNCTION is_failure_code", "DROP FUNCTION are_flags"],
        ),
        migrations.CreateModel(
            name="Candidate",
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
                    "public_id",
                    models.UUIDField(
                        db_default=django.db.models.functions.uuid.UUID4(),
                        editable=False,
                        unique=True,
                    ),
                ),
                ("filename", models.CharField(max_length=255)),
                (
                    "file",
                    models.FileField(
                        editable=False,
                        max_length=255,
                        upload_to=candidates.models.candidate.resume_path,
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        blank=True,
                        db_default="",
                        editable=False,
                        help_text="archive and folder",
                        max_length=600,
                    ),
                ),
                ("size", models.PositiveIntegerField(editable=False, help_text="bytes")),
                ("sha256", models.CharField(editable=False, max_length=64)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting to be read"),
                            ("reading", "being read"),
                            ("readable", "readable"),
                            ("unreadable", "unreadable"),
                        ],
                        db_default="waiting",
                        default="waiting",
                        max_length=12,
                    ),
                ),
                ("read_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "problem",
                    models.CharField(blank=True, db_default="", editable=False, max_length=40),
                ),
                (
                    "media_type",
                    models.CharField(blank=True, db_default="", editable=False, max_length=100),
                ),
                (
                    "reader",
                    models.CharField(blank=True, db_default="", editable=False, max_length=40),
                ),
                ("pages", models.PositiveIntegerField(db_default=0, editable=False)),
                ("text", models.TextField(blank=True, db_default="", editable=False)),
                (
                    "flags",
                    models.JSONField(blank=True, db_default=[], default=list, editable=False),
                ),
                (
                    "hidden",
                    models.JSONField(blank=True, db_default=[], default=list, editable=False),
                ),
                (
                    "language",
                    models.CharField(blank=True, db_default="", editable=False, max_length=8),
                ),
                (
                    "sections",
                    models.JSONField(blank=True, db_default=[], default=list, editable=False),
                ),
                (
                    "name",
                    models.CharField(blank=True, db_default="", editable=False, max_length=200),
                ),
                (
                    "email",
                    models.CharField(blank=True, db_default="", editable=False, max_length=254),
                ),
                (
                    "phone",
                    models.CharField(blank=True, db_default="", editable=False, max_length=60),
                ),
                (
                    "links",
                    models.JSONField(blank=True, db_default=[], default=list, editable=False),
                ),
                (
                    "confidence",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        editable=False,
                        help_text="of name, email and phone, each 0 to 1",
                    ),
                ),
                (
                    "text_key",
                    models.CharField(blank=True, db_default="", editable=False, max_length=64),
                ),
                (
                    "prepared",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        editable=False,
                        help_text="for engines, as spans",
                    ),
                ),
                (
                    "redacted_key",
                    models.CharField(
                        blank=True,
                        db_default="",
                        editable=False,
                        help_text="of what engines see",
                        max_length=64,
                    ),
                ),
                (
                    "phone_key",
                    models.CharField(
                        blank=True,
                        db_default="",
                        editable=False,
                        help_text="in E.164",
                        max_length=16,
                    ),
                ),
                (
                    "signature",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(),
                        db_default=[],
                        default=list,
                        editable=False,
                    ),
                ),
                (
                    "bands",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(),
                        db_default=[],
                        default=list,
                        editable=False,
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("open", "not decided"),
                            ("shortlist", "shortlist"),
                            ("maybe", "maybe"),
                            ("reject", "reject"),
                        ],
                        db_default="open",
                        default="open",
                        editable=False,
                        max_length=9,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "revealed_at",
                    models.DateTimeField(
                        blank=True,
                        editable=False,
                        help_text="when somebody lifted blind mode for this one, before a decision",
                        null=True,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "same_as",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        help_text="the newest file of the same person, where somebody said so",
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="older_files",
                        to="candidates.candidate",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Analysis",
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
                ("title", models.CharField(max_length=200)),
                ("criteria", models.JSONField(help_text="the rubric, frozen")),
                ("engine", models.CharField(max_length=20)),
                ("model", models.CharField(max_length=200)),
                (
                    "version",
                    models.CharField(help_text="of the prompt, or of the method", max_length=40),
                ),
                (
                    "insights_mode",
                    models.CharField(
                        choices=[("none", "nobody"), ("top", "the best"), ("all", "everybody")],
                        default="top",
                        max_length=4,
                    ),
                ),
                ("top_n", models.PositiveIntegerField()),
                (
                    "repeats",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="some are scored twice, to see how far apart",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="analyses",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "analyses",
            },
        ),
        migrations.CreateModel(
            name="Draft",
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
                ("title", models.CharField(max_length=200)),
                ("description", models.TextField(blank=True, max_length=50000)),
                (
                    "role_weight",
                    models.PositiveSmallIntegerField(
                        db_default=5,
                        default=5,
                        help_text="How much the description as a whole counts beside the criteria (0 to 10).",
                        validators=[django.core.validators.MaxValueValidator(10)],
                        verbose_name="weight of the role as described",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "blind",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Who the candidates are stays hidden until somebody has decided.",
                        verbose_name="blind mode",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="drafts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Preference",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        editable=False,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        primary_key=True,
                        related_name="preference",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=10,
                        verbose_name="language",
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=64,
                        verbose_name="time zone",
                    ),
                ),
                (
                    "mail_completed",
                    models.BooleanField(
                        db_default=True, default=True, verbose_name="a ranking is ready"
                    ),
                ),
                (
                    "mail_failed",
                    models.BooleanField(
                        db_default=True, default=True, verbose_name="a run has failed"
                    ),
                ),
                (
                    "mail_paused",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        verbose_name="a run has paused and waits for somebody",
                    ),
                ),
                (
                    "mail_shared",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        verbose_name="somebody shares a draft with me",
                    ),
                ),
                (
                    "mail_digest",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        verbose_name="a scheduled run has changed a ranking",
                    ),
                ),
                (
                    "in_app",
                    models.BooleanField(
                        db_default=True, default=True, verbose_name="show notices behind the bell"
                    ),
                ),
                (
                    "browser",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        verbose_name="let the browser tell me when a run that I follow in another tab is over",
                    ),
                ),
                (
                    "runs_of_others",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        verbose_name="tell me of runs that others start in drafts shared with me, too",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Words",
            fields=[
                (
                    "candidate",
                    models.OneToOneField(
                        db_column="id",
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="words",
                        serialize=False,
                        to="candidates.candidate",
                    ),
                ),
                ("search", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "db_table": "candidates_candidate",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="EvaluationCount",
            fields=[
                (
                    "analysis",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        primary_key=True,
                        related_name="evaluation_count",
                        serialize=False,
                        to="candidates.analysis",
                    ),
                ),
                ("total", models.PositiveIntegerField(default=0)),
                ("scored", models.PositiveIntegerField(default=0)),
                (
                    "reused",
                    models.PositiveIntegerField(default=0, help_text="scored without a new answer"),
                ),
                ("failed", models.PositiveIntegerField(default=0)),
                ("unreadable", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="FollowUpCount",
            fields=[
                (
                    "analysis",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        primary_key=True,
                        related_name="followup_count",
                        serialize=False,
                        to="candidates.analysis",
                    ),
                ),
                ("total", models.PositiveIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="TokenCount",
            fields=[
                (
                    "analysis",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        primary_key=True,
                        related_name="token_count",
                        serialize=False,
                        to="candidates.analysis",
                    ),
                ),
                ("tokens", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="CandidateCount",
            fields=[
                (
                    "draft",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        primary_key=True,
                        related_name="candidate_count",
                        serialize=False,
                        to="candidates.draft",
                    ),
                ),
                ("total", models.PositiveIntegerField(default=0)),
                ("readable", models.PositiveIntegerField(default=0)),
                ("unreadable", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="candidate",
            name="draft",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.DB_CASCADE,
                related_name="candidates",
                to="candidates.draft",
            ),
        ),
        migrations.CreateModel(
            name="Archive",
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
                    "public_id",
                    models.UUIDField(
                        db_default=django.db.models.functions.uuid.UUID4(),
                        editable=False,
                        unique=True,
                    ),
                ),
                ("filename", models.CharField(max_length=255)),
                (
                    "file",
                    models.FileField(
                        editable=False,
                        max_length=255,
                        upload_to=candidates.models.archive.archive_path,
                    ),
                ),
                ("size", models.PositiveIntegerField(editable=False, help_text="bytes")),
                ("sha256", models.CharField(editable=False, max_length=64)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting to be unpacked"),
                            ("unpacking", "being unpacked"),
                            ("unreadable", "cannot be unpacked"),
                        ],
                        db_default="waiting",
                        default="waiting",
                        max_length=12,
                    ),
                ),
                (
                    "done",
                    models.PositiveIntegerField(
                        db_default=0, editable=False, help_text="members so far"
                    ),
                ),
                (
                    "problem",
                    models.CharField(blank=True, db_default="", editable=False, max_length=40),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="archives",
                        to="candidates.draft",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.AddField(
            model_name="analysis",
            name="draft",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.DB_CASCADE,
                related_name="analyses",
                to="candidates.draft",
            ),
        ),
        migrations.CreateModel(
            name="Criterion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("name", models.CharField(max_length=200)),
                (
                    "looks_for",
                    models.TextField(
                        blank=True, max_length=2000, verbose_name="what good looks like"
                    ),
                ),
                (
                    "weight",
                    models.PositiveSmallIntegerField(
                        default=3,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10),
                        ],
                    ),
                ),
                ("must_have", models.BooleanField(default=False)),
                (
                    "draft",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="criteria",
                        to="candidates.draft",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "criteria",
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("batch", models.UUIDField(db_index=True)),
                (
                    "before",
                    models.CharField(
                        choices=[
                            ("open", "not decided"),
                            ("shortlist", "shortlist"),
                            ("maybe", "maybe"),
                            ("reject", "reject"),
                        ],
                        max_length=9,
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("open", "not decided"),
                            ("shortlist", "shortlist"),
                            ("maybe", "maybe"),
                            ("reject", "reject"),
                        ],
                        max_length=9,
                    ),
                ),
                (
                    "decided_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "candidate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="decisions",
                        to="candidates.candidate",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "restores",
                    models.ForeignKey(
                        editable=False,
                        help_text="the decision that holds again, where this one undoes another",
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="+",
                        to="candidates.decision",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="DescriptionFile",
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
                    "public_id",
                    models.UUIDField(
                        db_default=django.db.models.functions.uuid.UUID4(),
                        editable=False,
                        unique=True,
                    ),
                ),
                ("filename", models.CharField(max_length=255)),
                ("content", models.BinaryField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting to be read"),
                            ("reading", "being read"),
                            ("ready", "read"),
                            ("unreadable", "cannot be read"),
                        ],
                        db_default="waiting",
                        default="waiting",
                        max_length=12,
                    ),
                ),
                ("text", models.TextField(blank=True, db_default="", editable=False)),
                (
                    "problem",
                    models.CharField(blank=True, db_default="", editable=False, max_length=40),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("done_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="description_files",
                        to="candidates.draft",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Evaluation",
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
                        unique=True,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("scoring", "being scored"),
                            ("scored", "scored"),
                            ("failed", "failed"),
                            ("unreadable", "unreadable"),
                        ],
                        db_default="waiting",
                        default="waiting",
                        max_length=12,
                    ),
                ),
                ("scored_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "ratings",
                    models.JSONField(blank=True, db_default=[], default=list, editable=False),
                ),
                (
                    "marks",
                    candidates.models.analysis.StoredField(
                        db_persist=True,
                        expression=models.Func(
                            models.F("ratings"),
                            template="jsonb_path_query_array(%(expressions)s, '$[*].rating')",
                        ),
                        help_text="the ratings alone, in the rubric's order",
                        output_field=models.JSONField(),
                    ),
                ),
                (
                    "score",
                    models.DecimalField(
                        blank=True, decimal_places=1, editable=False, max_digits=4, null=True
                    ),
                ),
                ("must_haves_met", models.PositiveSmallIntegerField(db_default=0, editable=False)),
                ("strong", models.PositiveSmallIntegerField(db_default=0, editable=False)),
                ("rank", models.PositiveIntegerField(blank=True, editable=False, null=True)),
                (
                    "band",
                    models.PositiveIntegerField(
                        blank=True,
                        editable=False,
                        help_text="rank of the first it is tied with",
                        null=True,
                    ),
                ),
                ("insights", models.JSONField(blank=True, editable=False, null=True)),
                ("flags", models.JSONField(db_default=[], default=list, editable=False)),
                ("reused", models.BooleanField(db_default=False, editable=False)),
                (
                    "fingerprint",
                    models.CharField(blank=True, db_default="", editable=False, max_length=64),
                ),
                (
                    "analysis",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="evaluations",
                        to="candidates.analysis",
                    ),
                ),
                (
                    "candidate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="evaluations",
                        to="candidates.candidate",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Call",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("score", "scorecard"),
                            ("insight", "insights"),
                            ("repeat", "scored again"),
                            ("suggest", "criteria suggested"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "token",
                    models.UUIDField(editable=False, help_text="of the turn in which it was made"),
                ),
                ("model", models.CharField(max_length=200)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "in flight"),
                            ("answered", "answered"),
                            ("refused", "refused"),
                            ("failed", "not delivered"),
                            ("unknown", "outcome unknown"),
                        ],
                        db_default="open",
                        default="open",
                        max_length=8,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("settled_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "reserved_tokens",
                    models.PositiveIntegerField(help_text="estimated before it left"),
                ),
                ("prompt_tokens", models.PositiveIntegerField(db_default=0)),
                ("completion_tokens", models.PositiveIntegerField(db_default=0)),
                (
                    "cached_tokens",
                    models.PositiveIntegerField(db_default=0, help_text="of those of the prompt"),
                ),
                (
                    "estimated",
                    models.BooleanField(db_default=False, help_text="the server did not say"),
                ),
                (
                    "cost",
                    models.DecimalField(
                        blank=True,
                        decimal_places=6,
                        help_text="US dollars, by the price table of that day",
                        max_digits=12,
                        null=True,
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        blank=True,
                        db_default="",
                        help_text="how the answer was asked for",
                        max_length=12,
                    ),
                ),
                (
                    "answered_by",
                    models.CharField(
                        blank=True,
                        db_default="",
                        help_text="the model, by its own word",
                        max_length=100,
                    ),
                ),
                (
                    "error_code",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="what went wrong, or why the answer could not be used",
                        max_length=40,
                    ),
                ),
                (
                    "http_status",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="what the server answered; empty: nothing came",
                        null=True,
                    ),
                ),
                (
                    "analysis",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="calls",
                        to="candidates.analysis",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="calls",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="calls",
                        to="candidates.draft",
                    ),
                ),
                (
                    "evaluation",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="calls",
                        to="candidates.evaluation",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("started", "Started"),
                            ("retried", "Retried"),
                            ("repeats_requested", "Repeats asked for"),
                            ("paused", "Paused"),
                            ("resumed", "Resumed"),
                            ("cancelled", "Cancelled"),
                            ("requeued", "Sent to the queue again"),
                            ("priority_raised", "Priority raised"),
                            ("priority_lowered", "Priority lowered"),
                            ("resume_skipped", "Résumé taken out"),
                            ("completed", "Completed"),
                            ("failed", "Failed"),
                            ("draft_created", "Draft created"),
                            ("draft_changed", "Draft changed"),
                            ("sample_created", "Sample draft created"),
                            ("weights_changed", "Weights changed"),
                            ("criteria_requested", "Criteria suggestions requested"),
                            ("description_uploaded", "Job description uploaded"),
                            ("blind_mode_enabled", "Blind mode turned on"),
                            ("blind_mode_disabled", "Blind mode turned off"),
                            ("filter_saved", "View saved"),
                            ("filter_removed", "View removed"),
                            ("ranking_exported", "Ranking exported"),
                            ("files_added", "Files added"),
                            ("archive_added", "Archive added"),
                            ("archive_removed", "Archive removed"),
                            ("files_read_again", "Files sent to be read again"),
                            ("unreadable_files_removed", "Unreadable files removed"),
                            ("files_merged", "Files merged as one person's"),
                            ("files_kept_apart", "Files kept apart"),
                            ("merge_undone", "Merge of files undone"),
                            ("decided", "Decided"),
                            ("decision_undone", "Decision undone"),
                            ("note_added", "Note added"),
                            ("note_deleted", "Note deleted"),
                            ("candidate_revealed", "Candidate revealed"),
                            ("candidate_exported", "Candidate's data exported"),
                            ("candidate_erased", "Candidate erased"),
                            ("shared", "Draft shared"),
                            ("role_changed", "Role changed"),
                            ("sharing_ended", "Access removed"),
                            ("left", "Left the draft"),
                            ("schedule_changed", "Schedule changed"),
                            ("schedule_run", "Schedule run now"),
                            ("schedule_stopped", "Schedule stopped"),
                            ("email_retried", "E-mail sent again"),
                        ],
                        max_length=40,
                    ),
                ),
                (
                    "about",
                    models.UUIDField(blank=True, help_text="public id of the object", null=True),
                ),
                (
                    "params",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, help_text="ids, numbers and codes"
                    ),
                ),
                (
                    "reason_code",
                    models.CharField(
                        blank=True, db_default="", default="", editable=False, max_length=40
                    ),
                ),
                (
                    "reason_params",
                    models.JSONField(blank=True, db_default={}, default=dict, editable=False),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        help_text="empty: the system",
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="events",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="events",
                        to="candidates.draft",
                    ),
                ),
            ],
            options={
                "ordering": ["created_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="FollowUp",
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
                    "kind",
                    models.CharField(
                        choices=[("insight", "insights"), ("repeat", "scored again")], max_length=8
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("working", "in a worker's hands"),
                            ("done", "done"),
                            ("failed", "failed"),
                        ],
                        db_default="waiting",
                        default="waiting",
                        max_length=8,
                    ),
                ),
                (
                    "score",
                    models.DecimalField(
                        blank=True, decimal_places=1, editable=False, max_digits=4, null=True
                    ),
                ),
                ("result", models.JSONField(blank=True, editable=False, null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("done_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "analysis",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="followups",
                        to="candidates.analysis",
                    ),
                ),
                (
                    "evaluation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="followups",
                        to="candidates.evaluation",
                    ),
                ),
            ],
            options={
                "verbose_name": "follow-up",
            },
        ),
        migrations.CreateModel(
            name="Membership",
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
                ("email", models.EmailField(max_length=254)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("viewer", "may look"),
                            ("editor", "may change it, run it and decide"),
                        ],
                        default="viewer",
                        max_length=6,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "opened_at",
                    models.DateTimeField(
                        blank=True,
                        editable=False,
                        help_text="when the colleague first looked at it",
                        null=True,
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="memberships",
                        to="candidates.draft",
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["created_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Note",
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
                ("text", models.TextField(max_length=5000)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "candidate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="notes",
                        to="candidates.candidate",
                    ),
                ),
            ],
            options={
                "ordering": ["created_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Piece",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("upload", models.UUIDField(help_text="chosen by the browser, one for each file")),
                ("number", models.PositiveSmallIntegerField()),
                ("content", models.BinaryField()),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="pieces",
                        to="candidates.draft",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PossibleDuplicate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "evidence",
                    models.CharField(
                        choices=[
                            ("same-text", "the same text"),
                            ("same-email", "the same e-mail address"),
                            ("same-phone", "the same telephone number"),
                            ("similar-text", "much of the same text"),
                        ],
                        max_length=12,
                    ),
                ),
                ("share", models.FloatField(help_text="of the text that both have, 0 to 1")),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "not decided"),
                            ("merged", "one person"),
                            ("apart", "different people"),
                        ],
                        db_default="",
                        max_length=8,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="possible_duplicates",
                        to="candidates.draft",
                    ),
                ),
                (
                    "first",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="+",
                        to="candidates.candidate",
                    ),
                ),
                (
                    "second",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="+",
                        to="candidates.candidate",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="RankingVisit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "visited_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "analysis",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="visits",
                        to="candidates.analysis",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Receipt",
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
                ("candidate", models.UUIDField(help_text="public id of what is no longer there")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("erased", models.JSONField(help_text="how many of what")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="receipts",
                        to="candidates.draft",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.DB_SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="SavedFilter",
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
                ("name", models.CharField(max_length=60)),
                (
                    "query",
                    models.CharField(blank=True, help_text="of the address", max_length=1000),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="saved_filters",
                        to="candidates.draft",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="saved_filters",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Suggestion",
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
                        unique=True,
                    ),
                ),
                ("engine", models.CharField(max_length=20)),
                ("model", models.CharField(max_length=200)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("working", "being made"),
                            ("ready", "ready"),
                            ("failed", "failed"),
                        ],
                        db_default="waiting",
                        default="waiting",
                        max_length=8,
                    ),
                ),
                (
                    "criteria",
                    models.JSONField(blank=True, db_default=[], default=list, editable=False),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("done_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="suggestions",
                        to="candidates.draft",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="suggestions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.AddIndex(
            model_name="draft",
            index=models.Index(
                fields=["owner", "-updated_at"], name="candidates__owner_i_db5c4c_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.CheckConstraint(
                condition=models.Q(("title", ""), _negated=True),
                name="draft_has_a_title",
                violation_error_message="Give the draft a title.",
            ),
        ),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.CheckConstraint(
                condition=models.Q(("role_weight__lte", 10)), name="draft_role_weight_in_range"
            ),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(
                condition=models.Q(("status__in", ("waiting", "reading"))),
                fields=["draft", "due_at", "id"],
                name="candidate_to_claim",
            ),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(
                condition=models.Q(("status__in", ("waiting", "reading")), ("attempts__gte", 2)),
                fields=["draft", "due_at", "id"],
                name="candidate_suspected",
            ),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(
                condition=models.Q(("token__isnull", False)),
                fields=["token"],
                name="candidate_held",
            ),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(fields=["draft", "status"], name="candidates__draft_i_a21778_idx"),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(fields=["draft", "text_key"], name="candidates__draft_i_81b087_idx"),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(
                fields=["draft", "phone_key"], name="candidates__draft_i_768204_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(
                models.F("draft"),
                django.db.models.functions.text.Lower("email"),
                name="candidate_by_email",
            ),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["bands"], name="candidate_by_bands"
            ),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(
                fields=["draft", "-created_at"], name="candidates__draft_i_d96420_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(
                condition=models.Q(("status", "unreadable")),
                fields=["read_at"],
                name="candidate_unreadable",
            ),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.UniqueConstraint(
                fields=("draft", "sha256"),
                name="candidate_same_bytes_once",
                violation_error_message="The same file is already in this draft.",
            ),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["waiting", "reading", "readable", "unreadable"])
                ),
                name="candidate_status_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["open", "shortlist", "maybe", "reject"])),
                name="candidate_verdict_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "problem__in",
                        [
                            "",
                            "empty",
                            "too-large",
                            "not-opened",
                            "unknown-kind",
                            "picture",
                            "picture-kind",
                            "apple-pages",
                            "spreadsheet",
                            "presentation",
                            "archive",
                            "archive-too-large",
                            "too-many-files",
                            "no-files",
                            "nested",
                            "not-a-file",
                            "program",
                            "media",
                            "encrypted",
                            "no-text",
                            "not-recognised",
                            "blank",
                            "garbled",
                            "damaged",
                            "too-many-pages",
                            "too-long",
                            "too-complex",
                            "too-slow",
                            "too-much-memory",
                            "crashed",
                        ],
                    )
                ),
                name="candidate_problem_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Func(
                        models.F("flags"), function="are_flags", output_field=models.BooleanField()
                    )
                ),
                name="candidate_flags_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("verdict", "open")),
                    models.Q(
                        models.Q(("verdict", "open"), _negated=True), ("decided_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="candidate_decided_at_when_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "reading"), ("token__isnull", False)),
                    models.Q(models.Q(("status", "reading"), _negated=True), ("token", None)),
                    _connector="OR",
                ),
                name="candidate_token_while_reading",
            ),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("read_at", None), ("status__in", ("waiting", "reading"))),
                    models.Q(
                        ("read_at__isnull", False), ("status__in", ["readable", "unreadable"])
                    ),
                    _connector="OR",
                ),
                name="candidate_read_when_over",
            ),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "unreadable"), models.Q(("problem", ""), _negated=True)),
                    models.Q(models.Q(("status", "unreadable"), _negated=True), ("problem", "")),
                    _connector="OR",
                ),
                name="candidate_problem_when_unreadable",
            ),
        ),
        migrations.AddIndex(
            model_name="archive",
            index=models.Index(
                condition=models.Q(("status__in", ("waiting", "unpacking"))),
                fields=["draft", "due_at", "id"],
                name="archive_to_claim",
            ),
        ),
        migrations.AddIndex(
            model_name="archive",
            index=models.Index(
                condition=models.Q(("status__in", ("waiting", "unpacking")), ("attempts__gte", 2)),
                fields=["draft", "due_at", "id"],
                name="archive_suspected",
            ),
        ),
        migrations.AddIndex(
            model_name="archive",
            index=models.Index(
                condition=models.Q(("token__isnull", False)), fields=["token"], name="archive_held"
            ),
        ),
        migrations.AddConstraint(
            model_name="archive",
            constraint=models.UniqueConstraint(
                fields=("draft", "sha256"), name="archive_same_bytes_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="archive",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["waiting", "unpacking", "unreadable"])),
                name="archive_status_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="archive",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "problem__in",
                        [
                            "",
                            "empty",
                            "too-large",
                            "not-opened",
                            "unknown-kind",
                            "picture",
                            "picture-kind",
                            "apple-pages",
                            "spreadsheet",
                            "presentation",
                            "archive",
                            "archive-too-large",
                            "too-many-files",
                            "no-files",
                            "nested",
                            "not-a-file",
                            "program",
                            "media",
                            "encrypted",
                            "no-text",
                            "not-recognised",
                            "blank",
                            "garbled",
                            "damaged",
                            "too-many-pages",
                            "too-long",
                            "too-complex",
                            "too-slow",
                            "too-much-memory",
                            "crashed",
                        ],
                    )
                ),
                name="archive_problem_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="archive",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "unpacking"), ("token__isnull", False)),
                    models.Q(models.Q(("status", "unpacking"), _negated=True), ("token", None)),
                    _connector="OR",
                ),
                name="archive_token_while_unpacking",
            ),
        ),
        migrations.AddConstraint(
            model_name="archive",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "unreadable"), models.Q(("problem", ""), _negated=True)),
                    models.Q(models.Q(("status", "unreadable"), _negated=True), ("problem", "")),
                    _connector="OR",
                ),
                name="archive_problem_when_unreadable",
            ),
        ),
        migrations.AddIndex(
            model_name="analysis",
            index=models.Index(
                fields=["draft", "-created_at"], name="candidates__draft_i_fc5240_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="analysis",
            constraint=models.CheckConstraint(
                condition=models.Q(("insights_mode__in", ["none", "top", "all"])),
                name="analysis_insights_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="criterion",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower(django.db.models.functions.text.Trim("name")),
                models.F("draft"),
                name="criterion_named_once",
                violation_error_message="Two criteria have the same name.",
            ),
        ),
        migrations.AddConstraint(
            model_name="criterion",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="criterion_has_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="criterion",
            constraint=models.CheckConstraint(
                condition=models.Q(("weight__range", (1, 10))), name="criterion_weight_in_range"
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["open", "shortlist", "maybe", "reject"])),
                name="decision_verdict_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("before__in", ["open", "shortlist", "maybe", "reject"])),
                name="decision_before_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("before", models.F("verdict")), _negated=True),
                name="decision_changes_something",
            ),
        ),
        migrations.AddIndex(
            model_name="descriptionfile",
            index=models.Index(
                condition=models.Q(("status__in", ("waiting", "reading"))),
                fields=["due_at"],
                name="description_file_to_read",
            ),
        ),
        migrations.AddConstraint(
            model_name="descriptionfile",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["waiting", "reading", "ready", "unreadable"])),
                name="description_file_status_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="descriptionfile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "problem__in",
                        [
                            "",
                            "empty",
                            "too-large",
                            "not-opened",
                            "unknown-kind",
                            "picture",
                            "picture-kind",
                            "apple-pages",
                            "spreadsheet",
                            "presentation",
                            "archive",
                            "archive-too-large",
                            "too-many-files",
                            "no-files",
                            "nested",
                            "not-a-file",
                            "program",
                            "media",
                            "encrypted",
                            "no-text",
                            "not-recognised",
                            "blank",
                            "garbled",
                            "damaged",
                            "too-many-pages",
                            "too-long",
                            "too-complex",
                            "too-slow",
                            "too-much-memory",
                            "crashed",
                        ],
                    )
                ),
                name="description_file_problem_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="descriptionfile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "reading"), ("token__isnull", False)),
                    models.Q(models.Q(("status", "reading"), _negated=True), ("token", None)),
                    _connector="OR",
                ),
                name="description_file_token_held",
            ),
        ),
        migrations.AddConstraint(
            model_name="descriptionfile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("done_at", None), ("status__in", ("waiting", "reading"))),
                    models.Q(
                        models.Q(("status__in", ("waiting", "reading")), _negated=True),
                        ("done_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="description_file_done_when_over",
            ),
        ),
        migrations.AddConstraint(
            model_name="descriptionfile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "unreadable"), models.Q(("problem", ""), _negated=True)),
                    models.Q(models.Q(("status", "unreadable"), _negated=True), ("problem", "")),
                    _connector="OR",
                ),
                name="description_file_problem_when_unreadable",
            ),
        ),
        migrations.AddIndex(
            model_name="evaluation",
            index=models.Index(
                condition=models.Q(("status__in", ("waiting", "scoring"))),
                fields=["analysis", "due_at", "id"],
                name="evaluation_to_claim",
            ),
        ),
        migrations.AddIndex(
            model_name="evaluation",
            index=models.Index(
                condition=models.Q(("status__in", ("waiting", "scoring")), ("attempts__gte", 2)),
                fields=["analysis", "due_at", "id"],
                name="evaluation_suspected",
            ),
        ),
        migrations.AddIndex(
            model_name="evaluation",
            index=models.Index(
                condition=models.Q(("token__isnull", False)),
                fields=["token"],
                name="evaluation_held",
            ),
        ),
        migrations.AddIndex(
            model_name="evaluation",
            index=models.Index(
                fields=["analysis", "status", "rank"], name="candidates__analysi_785d0b_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="evaluation",
            index=models.Index(
                condition=models.Q(("status", "failed")),
                fields=["scored_at"],
                name="evaluation_failed",
            ),
        ),
        migrations.AddIndex(
            model_name="evaluation",
            index=models.Index(
                condition=models.Q(("scored_at__isnull", False)),
                fields=["analysis", "scored_at"],
                name="evaluation_lately",
            ),
        ),
        migrations.AddIndex(
            model_name="evaluation",
            index=models.Index(
                condition=models.Q(("score__isnull", False)),
                fields=["fingerprint"],
                name="evaluation_reusable",
            ),
        ),
        migrations.AddIndex(
            model_name="evaluation",
            index=models.Index(
                condition=models.Q(("scored_at__isnull", False)),
                fields=["scored_at"],
                name="evaluation_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluation",
            constraint=models.UniqueConstraint(
                fields=("analysis", "candidate"), name="evaluation_once_per_analysis"
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["waiting", "scoring", "scored", "failed", "unreadable"])
                ),
                name="evaluation_status_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluation",
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
                name="evaluation_error_code_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Func(
                        models.F("flags"), function="are_flags", output_field=models.BooleanField()
                    )
                ),
                name="evaluation_flags_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "scoring"), ("token__isnull", False)),
                    models.Q(models.Q(("status", "scoring"), _negated=True), ("token", None)),
                    _connector="OR",
                ),
                name="evaluation_token_while_scoring",
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("scored_at", None), ("status__in", ("waiting", "scoring"))),
                    models.Q(
                        models.Q(("status__in", ("waiting", "scoring")), _negated=True),
                        ("scored_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="evaluation_scored_at_when_over",
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("score__isnull", False), ("score__range", (0, 100)), ("status", "scored")
                    ),
                    models.Q(
                        models.Q(("status", "scored"), _negated=True),
                        ("rank", None),
                        ("score", None),
                    ),
                    _connector="OR",
                ),
                name="evaluation_score_when_scored",
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluation",
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
                name="evaluation_error_when_failed",
            ),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(
                fields=["owner", "created_at"], name="candidates__owner_i_ce0920_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(
                fields=["analysis", "created_at"], name="candidates__analysi_20be82_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(fields=["evaluation"], name="candidates__evaluat_bda956_idx"),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(fields=["-settled_at"], name="candidates__settled_b06422_idx"),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(
                condition=models.Q(("status", "open")), fields=["token"], name="call_open"
            ),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(
                condition=models.Q(("status__in", ("refused", "failed", "unknown"))),
                fields=["created_at"],
                name="call_troubled",
            ),
        ),
        migrations.AddConstraint(
            model_name="call",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["open", "answered", "refused", "failed", "unknown"])
                ),
                name="call_status_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="call",
            constraint=models.CheckConstraint(
                condition=models.Q(("purpose__in", ["score", "insight", "repeat", "suggest"])),
                name="call_purpose_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="call",
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
                name="call_error_code_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="call",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("settled_at", None), ("status", "open")),
                    models.Q(
                        models.Q(("status", "open"), _negated=True), ("settled_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="call_settled_when_over",
            ),
        ),
        migrations.AddConstraint(
            model_name="call",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("error_code", ""), ("status", "open")),
                    ("status", "answered"),
                    models.Q(
                        ("status__in", ("refused", "failed", "unknown")),
                        models.Q(("error_code", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="call_error_when_failed",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["about", "created_at"], name="candidates__about_33fde0_idx"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["draft", "-created_at"], name="candidates__draft_i_e99374_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "verb__in",
                        [
                            "queued",
                            "started",
                            "retried",
                            "repeats_requested",
                            "paused",
                            "resumed",
                            "cancelled",
                            "requeued",
                            "priority_raised",
                            "priority_lowered",
                            "resume_skipped",
                            "completed",
                            "failed",
                            "draft_created",
                            "draft_changed",
                            "sample_created",
                            "weights_changed",
                            "criteria_requested",
                            "description_uploaded",
                            "blind_mode_enabled",
                            "blind_mode_disabled",
                            "filter_saved",
                            "filter_removed",
                            "ranking_exported",
                            "files_added",
                            "archive_added",
                            "archive_removed",
                            "files_read_again",
                            "unreadable_files_removed",
                            "files_merged",
                            "files_kept_apart",
                            "merge_undone",
                            "decided",
                            "decision_undone",
                            "note_added",
                            "note_deleted",
                            "candidate_revealed",
                            "candidate_exported",
                            "candidate_erased",
                            "shared",
                            "role_changed",
                            "sharing_ended",
                            "left",
                            "schedule_changed",
                            "schedule_run",
                            "schedule_stopped",
                            "email_retried",
                        ],
                    )
                ),
                name="event_verb_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reason_code", ""),
                    models.Func(
                        models.F("reason_code"),
                        function="is_failure_code",
                        output_field=models.BooleanField(),
                    ),
                    _connector="OR",
                ),
                name="event_reason_code_listed",
            ),
        ),
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(
                condition=models.Q(("status__in", ("waiting", "working"))),
                fields=["analysis", "due_at", "id"],
                name="followup_to_claim",
            ),
        ),
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(
                condition=models.Q(("status__in", ("waiting", "working")), ("attempts__gte", 2)),
                fields=["analysis", "due_at", "id"],
                name="followup_suspected",
            ),
        ),
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(
                condition=models.Q(("token__isnull", False)), fields=["token"], name="followup_held"
            ),
        ),
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(
                condition=models.Q(("status", "failed")), fields=["done_at"], name="followup_failed"
            ),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.UniqueConstraint(fields=("evaluation", "kind"), name="followup_once"),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["waiting", "working", "done", "failed"])),
                name="followup_status_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["insight", "repeat"])), name="followup_kind_listed"
            ),
        ),
        migrations.AddConstraint(
            model_name="followup",
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
                name="followup_error_code_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "working"), ("token__isnull", False)),
                    models.Q(models.Q(("status", "working"), _negated=True), ("token", None)),
                    _connector="OR",
                ),
                name="followup_token_while_working",
            ),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("done_at", None), ("status__in", ("waiting", "working"))),
                    models.Q(
                        models.Q(("status__in", ("waiting", "working")), _negated=True),
                        ("done_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="followup_done_at_when_over",
            ),
        ),
        migrations.AddConstraint(
            model_name="followup",
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
                name="followup_error_when_failed",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("email"),
                models.F("draft"),
                name="membership_once",
                violation_error_message="The draft is shared with this address already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ("viewer", "editor"))),
                name="membership_role_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="note",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="note_says_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="piece",
            constraint=models.UniqueConstraint(
                fields=("draft", "upload", "number"), name="piece_once"
            ),
        ),
        migrations.AddIndex(
            model_name="possibleduplicate",
            index=models.Index(fields=["draft", "decision"], name="candidates__draft_i_7a2f72_idx"),
        ),
        migrations.AddConstraint(
            model_name="possibleduplicate",
            constraint=models.UniqueConstraint(
                fields=("first", "second"), name="possible_duplicate_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="possibleduplicate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("evidence__in", ["same-text", "same-email", "same-phone", "similar-text"])
                ),
                name="possible_duplicate_evidence_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="possibleduplicate",
            constraint=models.CheckConstraint(
                condition=models.Q(("decision__in", ["", "merged", "apart"])),
                name="possible_duplicate_decision_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="possibleduplicate",
            constraint=models.CheckConstraint(
                condition=models.Q(("first__lt", models.F("second"))),
                name="possible_duplicate_older_first",
            ),
        ),
        migrations.AddConstraint(
            model_name="possibleduplicate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("decision", "")),
                    models.Q(
                        models.Q(("decision", ""), _negated=True), ("decided_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="possible_duplicate_decided_at_when_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="rankingvisit",
            constraint=models.UniqueConstraint(
                fields=("analysis", "user"), name="ranking_visit_once"
            ),
        ),
        migrations.AddIndex(
            model_name="receipt",
            index=models.Index(fields=["owner", "-at"], name="candidates__owner_i_61186d_idx"),
        ),
        migrations.AddIndex(
            model_name="receipt",
            index=models.Index(fields=["by", "-at"], name="candidates__by_id_4b7823_idx"),
        ),
        migrations.AddConstraint(
            model_name="savedfilter",
            constraint=models.UniqueConstraint(
                fields=("draft", "user", "name"),
                name="saved_filter_once",
                violation_error_message="You have a view of this name already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedfilter",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="saved_filter_has_a_name"
            ),
        ),
        migrations.AddIndex(
            model_name="suggestion",
            index=models.Index(
                fields=["draft", "-created_at"], name="candidates__draft_i_123243_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="suggestion",
            index=models.Index(
                condition=models.Q(("status__in", ("waiting", "working"))),
                fields=["due_at"],
                name="suggestion_to_make",
            ),
        ),
        migrations.AddConstraint(
            model_name="suggestion",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["waiting", "working", "ready", "failed"])),
                name="suggestion_status_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="suggestion",
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
                name="suggestion_error_code_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="suggestion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "working"), ("token__isnull", False)),
                    models.Q(models.Q(("status", "working"), _negated=True), ("token", None)),
                    _connector="OR",
                ),
                name="suggestion_token_while_working",
            ),
        ),
        migrations.AddConstraint(
            model_name="suggestion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("done_at", None), ("status__in", ("waiting", "working"))),
                    models.Q(
                        models.Q(("status__in", ("waiting", "working")), _negated=True),
                        ("done_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="suggestion_done_at_when_over",
            ),
        ),
        migrations.AddConstraint(
            model_name="suggestion",
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
                name="suggestion_error_when_failed",
            ),
        ),
        # What a text is searched by. Without stemming: résumés come in any language. A tsvector
        # holds a megabyte at the most, so the first 100,000 characters.
        migrations.RunSQL(
            """
            ALTER TABLE candidates_candidate ADD COLUMN search tsvector
                GENERATED ALWAYS AS (to_tsvector('simple', left(text, 100000))) STORED;
            CREATE INDEX candidate_by_words ON candidates_candidate USING gin (search);
            """,
            "ALTER TABLE candidates_candidate DROP COLUMN search",
        ),
        # The counts of candidates.models.counts.
        migrations.RunSQL(
            [
                """
                CREATE FUNCTION candidates_evaluationcount() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF TG_OP = 'INSERT' THEN
                        INSERT INTO candidates_evaluationcount AS counted (analysis_id, total, scored, reused, failed, unreadable)
                        SELECT analysis_id, sum(1), sum((status = 'scored')::int), sum((status = 'scored' AND reused)::int), sum((status = 'failed')::int), sum((status = 'unreadable')::int) FROM new_rows
                        WHERE analysis_id IS NOT NULL GROUP BY analysis_id ORDER BY analysis_id
                        ON CONFLICT (analysis_id) DO UPDATE SET total = counted.total + excluded.total, scored = counted.scored + excluded.scored, reused = counted.reused + excluded.reused, failed = counted.failed + excluded.failed, unreadable = counted.unreadable + excluded.unreadable;
                    ELSIF TG_OP = 'UPDATE' THEN
                        UPDATE candidates_evaluationcount AS counted SET total = counted.total + change.total, scored = counted.scored + change.scored, reused = counted.reused + change.reused, failed = counted.failed + change.failed, unreadable = counted.unreadable + change.unreadable
                        FROM (
                            SELECT analysis_id, sum(total) AS total, sum(scored) AS scored, sum(reused) AS reused, sum(failed) AS failed, sum(unreadable) AS unreadable FROM (
                                SELECT analysis_id, 1 AS total, (status = 'scored')::int AS scored, (status = 'scored' AND reused)::int AS reused, (status = 'failed')::int AS failed, (status = 'unreadable')::int AS unreadable FROM new_rows
                                UNION ALL SELECT analysis_id, -(1), -((status = 'scored')::int), -((status = 'scored' AND reused)::int), -((status = 'failed')::int), -((status = 'unreadable')::int) FROM old_rows
                            ) AS change GROUP BY analysis_id HAVING sum(total) <> 0 OR sum(scored) <> 0 OR sum(reused) <> 0 OR sum(failed) <> 0 OR sum(unreadable) <> 0
                        ) AS change
                        WHERE counted.analysis_id = change.analysis_id;
                    ELSE
                        -- In one order, so that two deletions do not block each other.
                        PERFORM 1 FROM candidates_evaluationcount WHERE analysis_id IN (SELECT analysis_id FROM old_rows)
                        ORDER BY analysis_id FOR NO KEY UPDATE;
                        UPDATE candidates_evaluationcount AS counted SET total = counted.total + change.total, scored = counted.scored + change.scored, reused = counted.reused + change.reused, failed = counted.failed + change.failed, unreadable = counted.unreadable + change.unreadable
                        FROM (SELECT analysis_id, -sum(1) AS total, -sum((status = 'scored')::int) AS scored, -sum((status = 'scored' AND reused)::int) AS reused, -sum((status = 'failed')::int) AS failed, -sum((status = 'unreadable')::int) AS unreadable FROM old_rows GROUP BY analysis_id) AS change
                        WHERE counted.analysis_id = change.analysis_id;
                    END IF;
                    RETURN NULL;
                END $$
                """,
                """
                CREATE TRIGGER candidates_evaluationcount_insert AFTER insert ON candidates_evaluation
                REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION candidates_evaluationcount()
                """,
                """
                CREATE TRIGGER candidates_evaluationcount_update AFTER update ON candidates_evaluation
                REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION candidates_evaluationcount()
                """,
                """
                CREATE TRIGGER candidates_evaluationcount_delete AFTER delete ON candidates_evaluation
                REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION candidates_evaluationcount()
                """,
                """
                CREATE FUNCTION candidates_candidatecount() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF TG_OP = 'INSERT' THEN
                        INSERT INTO candidates_candidatecount AS counted (draft_id, total, readable, unreadable)
                        SELECT draft_id, sum(1), sum((status = 'readable')::int), sum((status = 'unreadable')::int) FROM new_rows
                        WHERE draft_id IS NOT NULL GROUP BY draft_id ORDER BY draft_id
                        ON CONFLICT (draft_id) DO UPDATE SET total = counted.total + excluded.total, readable = counted.readable + excluded.readable, unreadable = counted.unreadable + excluded.unreadable;
                    ELSIF TG_OP = 'UPDATE' THEN
                        UPDATE candidates_candidatecount AS counted SET total = counted.total + change.total, readable = counted.readable + change.readable, unreadable = counted.unreadable + change.unreadable
                        FROM (
                            SELECT draft_id, sum(total) AS total, sum(readable) AS readable, sum(unreadable) AS unreadable FROM (
                                SELECT draft_id, 1 AS total, (status = 'readable')::int AS readable, (status = 'unreadable')::int AS unreadable FROM new_rows
                                UNION ALL SELECT draft_id, -(1), -((status = 'readable')::int), -((status = 'unreadable')::int) FROM old_rows
                            ) AS change GROUP BY draft_id HAVING sum(total) <> 0 OR sum(readable) <> 0 OR sum(unreadable) <> 0
                        ) AS change
                        WHERE counted.draft_id = change.draft_id;
                    ELSE
                        -- In one order, so that two deletions do not block each other.
                        PERFORM 1 FROM candidates_candidatecount WHERE draft_id IN (SELECT draft_id FROM old_rows)
                        ORDER BY draft_id FOR NO KEY UPDATE;
                        UPDATE candidates_candidatecount AS counted SET total = counted.total + change.total, readable = counted.readable + change.readable, unreadable = counted.unreadable + change.unreadable
                        FROM (SELECT draft_id, -sum(1) AS total, -sum((status = 'readable')::int) AS readable, -sum((status = 'unreadable')::int) AS unreadable FROM old_rows GROUP BY draft_id) AS change
                        WHERE counted.draft_id = change.draft_id;
                    END IF;
                    RETURN NULL;
                END $$
                """,
                """
                CREATE TRIGGER candidates_candidatecount_insert AFTER insert ON candidates_candidate
                REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION candidates_candidatecount()
                """,
                """
                CREATE TRIGGER candidates_candidatecount_update AFTER update ON candidates_candidate
                REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION candidates_candidatecount()
                """,
                """
                CREATE TRIGGER candidates_candidatecount_delete AFTER delete ON candidates_candidate
                REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION candidates_candidatecount()
                """,
                """
                CREATE FUNCTION candidates_followupcount() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF TG_OP = 'INSERT' THEN
                        INSERT INTO candidates_followupcount AS counted (analysis_id, total, done, failed)
                        SELECT analysis_id, sum(1), sum((status = 'done')::int), sum((status = 'failed')::int) FROM new_rows
                        WHERE analysis_id IS NOT NULL GROUP BY analysis_id ORDER BY analysis_id
                        ON CONFLICT (analysis_id) DO UPDATE SET total = counted.total + excluded.total, done = counted.done + excluded.done, failed = counted.failed + excluded.failed;
                    ELSIF TG_OP = 'UPDATE' THEN
                        UPDATE candidates_followupcount AS counted SET total = counted.total + change.total, done = counted.done + change.done, failed = counted.failed + change.failed
                        FROM (
                            SELECT analysis_id, sum(total) AS total, sum(done) AS done, sum(failed) AS failed FROM (
                                SELECT analysis_id, 1 AS total, (status = 'done')::int AS done, (status = 'failed')::int AS failed FROM new_rows
                                UNION ALL SELECT analysis_id, -(1), -((status = 'done')::int), -((status = 'failed')::int) FROM old_rows
                            ) AS change GROUP BY analysis_id HAVING sum(total) <> 0 OR sum(done) <> 0 OR sum(failed) <> 0
                        ) AS change
                        WHERE counted.analysis_id = change.analysis_id;
                    ELSE
                        -- In one order, so that two deletions do not block each other.
                        PERFORM 1 FROM candidates_followupcount WHERE analysis_id IN (SELECT analysis_id FROM old_rows)
                        ORDER BY analysis_id FOR NO KEY UPDATE;
                        UPDATE candidates_followupcount AS counted SET total = counted.total + change.total, done = counted.done + change.done, failed = counted.failed + change.failed
                        FROM (SELECT analysis_id, -sum(1) AS total, -sum((status = 'done')::int) AS done, -sum((status = 'failed')::int) AS failed FROM old_rows GROUP BY analysis_id) AS change
                        WHERE counted.analysis_id = change.analysis_id;
                    END IF;
                    RETURN NULL;
                END $$
                """,
                """
                CREATE TRIGGER candidates_followupcount_insert AFTER insert ON candidates_followup
                REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION candidates_followupcount()
                """,
                """
                CREATE TRIGGER candidates_followupcount_update AFTER update ON candidates_followup
                REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION candidates_followupcount()
                """,
                """
                CREATE TRIGGER candidates_followupcount_delete AFTER delete ON candidates_followup
                REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION candidates_followupcount()
                """,
                """
                CREATE FUNCTION candidates_tokencount() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF TG_OP = 'INSERT' THEN
                        INSERT INTO candidates_tokencount AS counted (analysis_id, tokens)
                        SELECT analysis_id, sum(CASE WHEN status IN ('open', 'unknown') THEN reserved_tokens ELSE prompt_tokens + completion_tokens END) FROM new_rows
                        WHERE analysis_id IS NOT NULL GROUP BY analysis_id ORDER BY analysis_id
                        ON CONFLICT (analysis_id) DO UPDATE SET tokens = counted.tokens + excluded.tokens;
                    ELSIF TG_OP = 'UPDATE' THEN
                        UPDATE candidates_tokencount AS counted SET tokens = counted.tokens + change.tokens
                        FROM (
                            SELECT analysis_id, sum(tokens) AS tokens FROM (
                                SELECT analysis_id, CASE WHEN status IN ('open', 'unknown') THEN reserved_tokens ELSE prompt_tokens + completion_tokens END AS tokens FROM new_rows
                                UNION ALL SELECT analysis_id, -(CASE WHEN status IN ('open', 'unknown') THEN reserved_tokens ELSE prompt_tokens + completion_tokens END) FROM old_rows
                            ) AS change GROUP BY analysis_id HAVING sum(tokens) <> 0
                        ) AS change
                        WHERE counted.analysis_id = change.analysis_id;
                    ELSE
                        -- In one order, so that two deletions do not block each other.
                        PERFORM 1 FROM candidates_tokencount WHERE analysis_id IN (SELECT analysis_id FROM old_rows)
                        ORDER BY analysis_id FOR NO KEY UPDATE;
                        UPDATE candidates_tokencount AS counted SET tokens = counted.tokens + change.tokens
                        FROM (SELECT analysis_id, -sum(CASE WHEN status IN ('open', 'unknown') THEN reserved_tokens ELSE prompt_tokens + completion_tokens END) AS tokens FROM old_rows GROUP BY analysis_id) AS change
                        WHERE counted.analysis_id = change.analysis_id;
                    END IF;
                    RETURN NULL;
                END $$
                """,
                """
                CREATE TRIGGER candidates_tokencount_insert AFTER insert ON candidates_call
                REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION candidates_tokencount()
                """,
                """
                CREATE TRIGGER candidates_tokencount_update AFTER update ON candidates_call
                REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION candidates_tokencount()
                """,
                """
                CREATE TRIGGER candidates_tokencount_delete AFTER delete ON candidates_call
                REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION candidates_tokencount()
                """,
            ],
            [
                "DROP FUNCTION candidates_evaluationcount CASCADE",
                "DROP FUNCTION candidates_candidatecount CASCADE",
                "DROP FUNCTION candidates_followupcount CASCADE",
                "DROP FUNCTION candidates_tokencount CASCADE",
            ],
        ),
    ]
