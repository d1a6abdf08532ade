"""What `celery -A evaluator worker` looks for."""

import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evaluator.settings")

if settings.JOBS_ENGINE != "celery":
    raise ImproperlyConfigured(
        f"JOBS_ENGINE is '{settings.JOBS_ENGINE}', so a Celery worker would wait in vain. "
        "Set JOBS_ENGINE=celery for web and workers, and CELERY_BROKER_URL."
    )

from jobs.workers.celery import app

__all__ = ["app"]
