"""The processes of a host that work: supervisor, watchdog, sweep, health port and Celery."""
