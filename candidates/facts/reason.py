"""Why something failed, paused or was refused: a code with parameters, never a sentence.

A reason is stored, compared and grouped by its code and parameters. `candidates.reasons` makes the
sentence where it is shown, in the reader's language. Parameters are numbers, ids, codes and what
the operator has configured; never names, nor text of a résumé or of a server's answer.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

type Param = int | float | str

# The parameter that holds another code; the parameters of that code stand beside it.
CAUSE = "cause"


class ReasonCode(StrEnum):
    """Base of the closed sets of codes; `param_names` are the parameters that a code takes.

    The values are stored in the database: a member may be added, never renamed.
    """

    param_names: frozenset[str]

    def __new__(cls, value: str, *param_names: str) -> "ReasonCode":
        member = str.__new__(cls, value)
        member._value_ = value
        member.param_names = frozenset(param_names)
        return member


class FailureCode(ReasonCode):
    """Why jobs, evaluations, follow-ups, suggestions, schedules and calls fail or pause."""

    # Nothing can be scored until a person changes something
    ENGINE_UNKNOWN = "engine_unknown", "engine"
    ENGINE_FILES_MISSING = "engine_files_missing", "package", "weights", "tokenizer"
    API_KEY_MISSING = "api_key_missing"
    QUOTA_GONE = "quota_gone"
    KEY_REFUSED = "key_refused", "status"
    REDIRECTED = "redirected", "status"
    MODEL_UNKNOWN = "model_unknown", "model", "status"
    CERTIFICATE_INVALID = "certificate_invalid"
    CONTEXT_TOO_SMALL = "context_too_small", "tokens", "model"
    BUDGET_SPENT = "budget_spent", "spent", "budget"
    SERVER_SILENT = "server_silent", CAUSE

    # Another try may help
    SERVER_ERROR = "server_error", "status", "tries"
    UNREACHABLE = "unreachable", "tries"
    CONNECTION_BROKEN = "connection_broken", "tries"
    TIMED_OUT = "timed_out", "tries"
    ANSWER_TOO_LARGE = "answer_too_large", "tries"
    ANSWER_NOT_UNDERSTOOD = "answer_not_understood", "tries"
    PAUSE_REQUESTED = "pause_requested"
    RATE_LIMIT_REACHED = "rate_limit_reached"

    # This request or this answer
    REQUEST_REFUSED = "request_refused", "server_code"
    RESUME_TOO_LONG = "resume_too_long"
    DESCRIPTION_TOO_LONG = "description_too_long"
    ANSWER_UNUSABLE = "answer_unusable", CAUSE
    NO_CHOICES = "no_choices"
    MODEL_REFUSED = "model_refused"
    CUT_OFF = "cut_off"
    CONTENT_FILTERED = "content_filtered"
    ANSWER_EMPTY = "answer_empty"
    NO_JSON = "no_json"
    NO_JSON_OBJECT = "no_json_object"
    NAME_REPEATED = "name_repeated"
    NUMBER_INVALID = "number_invalid"
    RATING_MISSING = "rating_missing", "criterion"
    RATING_INVALID = "rating_invalid", "criterion", "highest"
    RATING_INCOMPLETE = "rating_incomplete", "criterion"
    INSIGHT_MISSING = "insight_missing"
    INSIGHT_INCOMPLETE = "insight_incomplete"
    CRITERIA_MISSING = "criteria_missing"
    CRITERIA_TOO_FEW = "criteria_too_few", "fewest"

    # Of a call alone
    PROMPT_TOO_LONG = "prompt_too_long"
    CALL_ABORTED = "call_aborted"
    CALL_NEVER_SENT = "call_never_sent"
    WORKER_ENDED = "worker_ended"

    # The program, or a worker that stopped
    PROGRAM_FAILED = "program_failed"
    SUGGESTION_PROGRAM_FAILED = "suggestion_program_failed"
    SUGGESTION_TIMED_OUT = "suggestion_timed_out"
    SCHEDULE_PROGRAM_FAILED = "schedule_program_failed"
    SCORING_STOPPED_WORKER = "scoring_stopped_worker", "times"
    FOLLOW_UP_STOPPED_WORKER = "follow_up_stopped_worker", "times"
    SUGGESTION_STOPPED_WORKER = "suggestion_stopped_worker", "times"
    REMOVED_BY_STAFF = "removed_by_staff"
    FILE_READ_SINCE = "file_read_since"

    # A whole job
    PAUSED_BY_USER = "paused_by_user", "user"
    NO_CANDIDATES_LEFT = "no_candidates_left"
    NOTHING_SCORED = "nothing_scored", "total", "unreadable", "failed"

    # What a person asked for cannot be run
    TOO_MANY_RESUMES = "too_many_resumes", "number", "most"
    NO_CANDIDATES = "no_candidates"
    FORM_OF_ANOTHER_DRAFT = "form_of_another_draft"
    NONE_FAILED_SO = "none_failed_so"
    NONE_FAILED = "none_failed"
    NOTHING_TO_RETRY = "nothing_to_retry"
    ALL_REPEATED = "all_repeated"
    ROLE_WITHOUT_TITLE = "role_without_title"
    NOTHING_TO_RATE_BY = "nothing_to_rate_by"
    CRITERION_KEY_REPEATED = "criterion_key_repeated"
    CRITERION_WITHOUT_NAME = "criterion_without_name"
    WEIGHT_INVALID = "weight_invalid", "place", "weight", "highest"
    ALL_WEIGHTS_ZERO = "all_weights_zero"

    # Schedules
    OWNER_LEFT = "owner_left"
    CRON_PARTS = "cron_parts"
    CRON_MINUTE = "cron_minute"
    CRON_HOUR = "cron_hour"
    CRON_DAY = "cron_day"
    CRON_MONTH = "cron_month"
    CRON_WEEKDAY = "cron_weekday"
    CRON_INVALID = "cron_invalid"
    CRON_NEVER = "cron_never"
    CRON_TOO_OFTEN = "cron_too_often"


class DeliveryCode(ReasonCode):
    """Why an e-mail or a webhook message was not sent; no value is one of FailureCode.

    `error_class` is the name of an exception's class, `status` that of SMTP or HTTP.
    """

    # E-mails
    MAIL_REFUSED = "mail_refused", "status", "error_class"
    MAIL_SERVER_UNREACHABLE = "mail_server_unreachable", "error_class"
    MAIL_SERVER_TIMED_OUT = "mail_server_timed_out"
    MAIL_FAILED = "mail_failed", "error_class"
    RECIPIENT_REFUSED = "recipient_refused"
    ADDRESS_BOUNCED = "address_bounced", "day"
    ADDRESS_COMPLAINED = "address_complained", "day"
    DRAFT_RETURNED_TO = "draft_returned_to"

    # Webhook messages
    WEBHOOK_REFUSED = "webhook_refused", "status"
    WEBHOOK_REDIRECTED = "webhook_redirected"
    WEBHOOK_UNREACHABLE = "webhook_unreachable", "error_class"
    WEBHOOK_TIMED_OUT = "webhook_timed_out", "seconds"
    WEBHOOK_OWNER_LEFT = "webhook_owner_left"
    ADDRESS_PRIVATE = "address_private", "host", "address"


class IncidentCode(ReasonCode):
    """What died on a host, or why its workers were replaced; no value is one of the other codes.

    `exit_code` is that of the workers' main process, negative for the number of a signal.
    """

    # A process
    WORKER_DIED = "worker_died"
    WORKER_TIMED_OUT = "worker_timed_out"
    PUSHER_DIED = "pusher_died"
    MONITOR_DIED = "monitor_died"
    PROCESS_DIED = "process_died"

    # All workers
    CLUSTER_ENDED = "cluster_ended", "exit_code"
    CANARY_MISSING = "canary_missing", "seconds"


@dataclass(frozen=True, slots=True)
class Reason:
    """A code and a value for each of its parameters. Raises ValueError where they do not fit.

    With a `cause` among the parameters, those of the cause stand beside it.
    """

    code: ReasonCode
    params: Mapping[str, Param] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.code, ReasonCode):
            raise ValueError(f"{self.code!r} is no known code of a reason.")
        expected = set(self.code.param_names)
        if CAUSE in expected and CAUSE in self.params:
            expected |= type(self.code)(str(self.params[CAUSE])).param_names
        if self.params.keys() != expected:
            raise ValueError(
                f"{self.code} takes {sorted(expected)}, and has {sorted(self.params)}."
            )
        for value in self.params.values():
            if not _is_storable(value):
                raise ValueError(f"A parameter of {self.code} is neither a number nor a text.")

    def __hash__(self) -> int:
        return hash((self.code, frozenset(self.params.items())))

    def __str__(self) -> str:
        """The code and the parameters, fit for a log."""
        params = ", ".join(f"{name}={value}" for name, value in sorted(self.params.items()))
        return f"{self.code} ({params})" if params else str(self.code)

    @classmethod
    def because_of(cls, code: ReasonCode, cause: "Reason") -> Self:
        """A reason that rests on another one."""
        return cls(code, {CAUSE: str(cause.code), **cause.params})

    @property
    def cause(self) -> "Reason | None":
        """The reason that this one rests on."""
        if CAUSE not in self.params:
            return None
        params = {name: value for name, value in self.params.items() if name != CAUSE}
        return Reason(type(self.code)(str(self.params[CAUSE])), params)

    def to_json(self) -> dict[str, Any]:
        return {"code": str(self.code), "params": dict(self.params)}

    @classmethod
    def from_json(cls, data: Any, codes: type[ReasonCode] = FailureCode) -> Self:
        """What `to_json` gave. Raises ValueError for anything else, also from a stranger."""
        if not isinstance(data, dict) or not isinstance(data.get("params"), dict):
            raise ValueError("A reason has a code and params.")
        return cls(codes(str(data.get("code"))), data["params"])


class ReasonedError(Exception):
    """An exception with a reason; its text is for a log, the sentence is made where it is shown."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


def _is_storable(value: object) -> bool:
    """Whether jsonb can hold it, as the number or text that it is."""
    if isinstance(value, str):
        return "\0" not in value and value.isprintable()
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
