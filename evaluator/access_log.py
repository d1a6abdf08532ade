"""gunicorn's log: its own lines and one for each request, in the format of all other lines."""

import logging.config
from datetime import timedelta
from typing import Any

from django.conf import settings
from gunicorn import glogging


class GunicornLogger(glogging.Logger):  # type: ignore[misc]
    """Writes gunicorn's own lines and those of its requests through the handler of the settings."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.handlers = []
            log.propagate = True
        logging.config.dictConfig(settings.LOGGING)

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """Write one line for a request; of its address the path alone."""
        headers = {name.lower(): value for name, value in resp.headers}
        method, path = environ.get("REQUEST_METHOD", "-"), environ.get("PATH_INFO", "-")
        code = int(str(resp.status).split()[0])
        self.access_log.info(
            "%s %s %s",
            method,
            path,
            code,
            extra={
                "method": method,
                "path": path,
                "status_code": code,
                "milliseconds": round(request_time.total_seconds() * 1000, 1),
                "bytes": getattr(resp, "sent", None) or 0,
                "request": headers.get("x-request-id", ""),
            },
        )
