"""A Django storage that keeps files in PostgreSQL.

Web servers and workers then need no shared disk, one dump is a whole back-up, and a file appears
and disappears in the same transaction as the row that names it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from django.db import models
from django.utils.deconstruct import deconstructible

if TYPE_CHECKING:
    from .models import StoredFile


@deconstructible
class DatabaseStorage(Storage):
    """Files as rows of `StoredFile`. They have no URL of their own: a view serves them."""

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        if mode != "rb":
            raise ValueError(f"Stored files are opened with mode 'rb', not '{mode}'.")
        content = self._rows.filter(name=name).values_list("content", flat=True).first()
        if content is None:
            raise FileNotFoundError(name)
        return ContentFile(bytes(content), name=name)

    def _save(self, name: str, content: File[bytes] | IO[Any]) -> str:
        data = content.read()
        self._rows.create(name=name, content=data, size=len(data))
        return name

    def delete(self, name: str) -> None:
        self._rows.filter(name=name).delete()

    def delete_many(self, names: Sequence[str]) -> None:
        """Remove any number of files in one statement."""
        self._rows.filter(name__in=names).delete()

    def exists(self, name: str) -> bool:
        return self._rows.filter(name=name).exists()

    def size(self, name: str) -> int:
        size = self._rows.filter(name=name).values_list("size", flat=True).first()
        if size is None:
            raise FileNotFoundError(name)
        return size

    def get_created_time(self, name: str) -> datetime:
        created_at = self._rows.filter(name=name).values_list("created_at", flat=True).first()
        if created_at is None:
            raise FileNotFoundError(name)
        return created_at

    get_modified_time = get_created_time

    @property
    def _rows(self) -> "models.QuerySet[StoredFile]":
        from .models import StoredFile  # the storage is named in settings, before models load

        return StoredFile.objects.all()
