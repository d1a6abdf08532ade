"""Settings of a project that has django-q2 and nothing else, all but the workers as it comes."""

from . import PROCESS_COUNT, work

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": work.DATABASE["dbname"],
        "USER": work.DATABASE["user"],
        "HOST": work.DATABASE["host"],
    }
}
INSTALLED_APPS = ["django_q"]
SECRET_KEY = "of a benchmark"  # noqa: S105
Q_CLUSTER = {"name": "bench", "orm": "default", "workers": PROCESS_COUNT, "log_level": "ERROR"}
