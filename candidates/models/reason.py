"""Reasons as columns: a code, which is filtered and grouped by, beside its parameters."""

from collections.abc import Mapping
from typing import Any

from django.db import models

from candidates.facts.reason import FailureCode, Param, Reason, ReasonCode

MAX_CODE_LENGTH = 40


class ErrorColumns(models.Model):
    """Base of tables whose rows fail for a reason, one of `error_codes`."""

    error_codes: type[ReasonCode] = FailureCode

    error_code = models.CharField(
        max_length=MAX_CODE_LENGTH, blank=True, db_default="", default="", editable=False
    )
    error_params = models.JSONField(blank=True, db_default={}, default=dict, editable=False)

    class Meta:
        abstract = True

    @property
    def error(self) -> Reason | None:
        return reason_of(self.error_code, self.error_params, self.error_codes)


def reason_of(
    code: str, params: Mapping[str, Param], codes: type[ReasonCode] = FailureCode
) -> Reason | None:
    """The reason that two columns hold; None where the code is empty."""
    return Reason(codes(code), params) if code else None


def error_columns(reason: Reason | None) -> dict[str, Any]:
    """Values of `error_code` and `error_params`."""
    return columns("error", reason)


def columns(prefix: str, reason: Reason | None) -> dict[str, Any]:
    """Values of the two columns that begin with `prefix`; both are empty without a reason."""
    return {
        f"{prefix}_code": str(reason.code) if reason else "",
        f"{prefix}_params": dict(reason.params) if reason else {},
    }
