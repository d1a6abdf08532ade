"""Django's PostgreSQL backend, which starts the embedded server before it connects."""

from typing import Any

from django.db.backends.postgresql import base

from . import server


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        params["host"] = str(server.socket_folder(self.settings_dict["EMBEDDED"]))
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        server.ensure_running(self.settings_dict["EMBEDDED"])
        return super().get_new_connection(conn_params)
