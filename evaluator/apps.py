from django.apps import AppConfig
from django.conf import settings


class EvaluatorConfig(AppConfig):
    name = "evaluator"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks  # noqa: F401 -- registers the checks

        if settings.SENTRY_DSN:
            from . import sentry

            sentry.start(settings.SENTRY_DSN)
