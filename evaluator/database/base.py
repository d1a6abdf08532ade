"""Django's PostgreSQL backend, which starts the embedded server before it connects."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.db.backends.postgresql import base

from . import server


class CannotConnect(OperationalError, ImproperlyConfigured):
    """The embedded server does not start: an outage to the program, a sentence to its user."""


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        params["host"] = str(server.socket_folder(self.settings_dict["EMBEDDED"]))
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        try:
            server.ensure_running(self.settings_dict["EMBEDDED"])
        except server.CannotStart as error:
            raise CannotConnect(str(error)) from error
        return super().get_new_connection(conn_params)
