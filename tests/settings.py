"""The product's settings with a database, a folder and a mail box of the tests' own."""

import os
from pathlib import Path

os.environ["DEBUG"] = "1"
os.environ["EVALUATOR_VAR"] = str(Path(__file__).resolve().parent.parent / "var" / "test")
KEPT_OUT = "OPENAI_API_KEY OPENAI_BASE_URL EVALUATOR_ENGINE EVALUATOR_OCR SECRET_KEY SITE_URL"
QUEUE = "JOBS_ENGINE QUEUE_BROKER WORKER_PORT BACKGROUND_FROM MAX_BATCH"
WATCHED = "LOG_FORMAT LOG_LEVEL METRICS_TOKEN SENTRY_DSN"
for name in f"{KEPT_OUT} {QUEUE} {WATCHED}".split():
    os.environ.pop(name, None)

from evaluator.settings import *  # noqa: E402, F403
from evaluator.settings import DATABASES  # noqa: E402

DEBUG = False
# What tests commit need not survive a power cut.
DATABASES["default"]["OPTIONS"]["options"] += " -c synchronous_commit=off"
# No `collectstatic` before tests: files are found where they are written.
WHITENOISE_AUTOREFRESH = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
