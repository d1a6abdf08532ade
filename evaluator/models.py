"""The tables behind `storage.py` and `login_throttle.py`."""

from django.db import models
from django.db.models.functions import Now


class StoredFile(models.Model):
    """One file of the default storage: a name, and its bytes."""

    name = models.CharField(max_length=255, unique=True)
    content = models.BinaryField()
    size = models.PositiveIntegerField(help_text="bytes")
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class FailedLogIn(models.Model):
    """A log-in with a wrong password; rows are deleted when they no longer count."""

    name = models.CharField(max_length=64, help_text="SHA-256 of the user name that was given")
    tried_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["name", "tried_at"])]

    def __str__(self) -> str:
        return f"failed log-in at {self.tried_at:%Y-%m-%d %H:%M:%S}"
