"""The table behind `storage.py`."""

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
