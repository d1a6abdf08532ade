"""How the web server runs: `gunicorn evaluator.wsgi` reads this by itself."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evaluator.settings")

from django.conf import settings

from jobs.workers.processes import MANAGE, die_with_parent

bind = f"0.0.0.0:{settings.PORT}"
worker_class = "gthread"
workers = 1  # one process with threads: what /metrics counts of requests is its own
threads = settings.WEB_THREADS
graceful_timeout = 20  # seconds for answers on their way at a stop
timeout = 100  # after which a proxy has given up too
accesslog = "-"
logger_class = "evaluator.access_log.GunicornLogger"


def on_starting(server: Any) -> None:
    """Gather the static files here, where they are served: a platform's release step runs on
    another disk than its web servers."""
    command = [sys.executable, str(MANAGE), "collectstatic", "--no-input", "--verbosity", "0"]
    gathered = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if subprocess.run(command, check=False).returncode and not gathered.exists():
        sys.exit("The static files cannot be gathered; see above.")


def post_fork(server: Any, worker: Any) -> None:
    die_with_parent(server.pid)
