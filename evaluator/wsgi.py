"""The entry for a web server: `gunicorn evaluator.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evaluator.settings")

application = get_wsgi_application()
