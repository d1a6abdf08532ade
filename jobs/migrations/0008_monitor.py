import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("candidates", "0009_monitor"),
        ("jobs", "0007_other_keys"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
                    "what",
                    models.CharField(
                        choices=[
                            ("process", "a process of the workers died"),
                            ("workers", "all workers were replaced"),
                        ],
                        max_length=8,
                    ),
                ),
                ("detail", models.CharField(blank=True, db_default="", max_length=200)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "ordering": ["-at", "-pk"],
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
                    models.CharField(choices=[("hour", "hour"), ("day", "day")], max_length=4),
                ),
                ("start", models.DateTimeField()),
                ("figures", models.JSONField(help_text="as `Figures`, without its times")),
            ],
            options={
                "verbose_name_plural": "overview",
            },
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["completed_at"], name="jobs_job_complet_4e7cfd_idx"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["-at"], name="jobs_incide_at_250441_idx"),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(("what__in", ["process", "workers"])),
                name="incident_what_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="period",
            constraint=models.UniqueConstraint(fields=("grain", "start"), name="period_once"),
        ),
        migrations.AddConstraint(
            model_name="period",
            constraint=models.CheckConstraint(
                condition=models.Q(("grain__in", ["hour", "day"])), name="period_grain_listed"
            ),
        ),
    ]
