from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("candidates", "0004_marks")]

    operations = [
        migrations.AddField(
            model_name="candidate",
            name="revealed_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="when somebody lifted blind mode for this one, before a decision",
                null=True,
            ),
        ),
    ]
