"""Sentences for reasons, in the language of the reader.

Rows hold a code and parameters (`candidates.facts.reason`); what a person reads is made here, when
it is shown. A gap of a sentence is called as the parameter that fills it.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from django.contrib.auth.models import User
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from candidates.facts.reason import (
    CAUSE,
    DeliveryCode,
    FailureCode,
    IncidentCode,
    Param,
    Reason,
    ReasonCode,
)
from candidates.reading.problems import Problem
from candidates.scoring.engines.openai.answers import UNUSABLE
from candidates.scoring.reason_codes import InsightCode, RatingCode
from candidates.scoring.rubric import ROLE, ROLE_NAME, RubricCriterion
from candidates.scoring.scorecard import Point, Rating

type Shown = Reason | Problem | None
# Where the words depend on the parameters, a function chooses them.
type Words = str | Callable[[Mapping[str, Param]], str]
type Criteria = Mapping[str, RubricCriterion]  # by key

NO_CRITERIA: Criteria = {}

STATUS = "status"  # of HTTP: a number that is not written as one
DAY = "day"  # in ISO 8601
CRITERION = "criterion"  # a key of the rubric: ROLE, or KEY_PREFIX with its position from 1
KEY_PREFIX = "c"

_("The role as described")  # ROLE_NAME

WITH_TRIES = _("%(why)s; %(tries)s tries.")
NOTHING_SCORED = _(
    "None of the %(total)s résumés could be scored: %(unreadable)s unreadable and %(failed)s "
    "failed."
)
ALL_UNREADABLE = _("None of the %(total)s résumés could be scored: %(unreadable)s unreadable.")
ALL_FAILED = _("None of the %(total)s résumés could be scored: %(failed)s failed.")


def _nothing_scored(params: Mapping[str, Param]) -> str:
    if not params["failed"]:
        return ALL_UNREADABLE
    return NOTHING_SCORED if params["unreadable"] else ALL_FAILED


SENTENCES: dict[ReasonCode, Words] = {
    # Nothing can be scored until a person changes something
    FailureCode.ENGINE_UNKNOWN: _("There is no engine '%(engine)s'. Choose local or openai."),
    FailureCode.ENGINE_FILES_MISSING: _(
        "The package %(package)s does not hold %(weights)s and %(tokenizer)s. "
        "Install the version that requirements.txt names."
    ),
    FailureCode.API_KEY_MISSING: _(
        "OPENAI_API_KEY is not set. Set it (any text for a server that asks for none), or choose "
        "the engine local."
    ),
    FailureCode.QUOTA_GONE: _(
        "The account at the model server has no quota left. Raise it, then resume the job."
    ),
    FailureCode.KEY_REFUSED: _(
        "The model server refuses the key (%(status)s). Set OPENAI_API_KEY to a valid one."
    ),
    FailureCode.REDIRECTED: _(
        "The model server sends us elsewhere (%(status)s), which is not followed. Set "
        "OPENAI_BASE_URL to the final address."
    ),
    FailureCode.MODEL_UNKNOWN: _(
        "The model server does not know the model '%(model)s' or the address (%(status)s). Set "
        "EVALUATOR_MODEL and OPENAI_BASE_URL to what it offers."
    ),
    FailureCode.CERTIFICATE_INVALID: _(
        "The certificate of the model server is not valid for its address, or has run out. Set "
        "OPENAI_BASE_URL to the right address, or renew the certificate."
    ),
    FailureCode.CONTEXT_TOO_SMALL: _(
        "Description and criteria alone fill the %(tokens)s tokens that the model '%(model)s' "
        "takes in. Shorten them, or set EVALUATOR_MODEL to a larger model."
    ),
    FailureCode.BUDGET_SPENT: _(
        "The job has taken %(spent)s of the %(budget)s tokens that a job may take, and the next "
        "call would pass that. Raise EVALUATOR_MAX_TOKENS_PER_JOB, then resume the job."
    ),
    FailureCode.SERVER_SILENT: _(
        "%(cause)s. It has been so for about an hour. Resume the job when the model server answers "
        "again."
    ),
    # Another try may help
    FailureCode.SERVER_ERROR: _("The model server answered %(status)s."),
    FailureCode.UNREACHABLE: _("The model server cannot be reached."),
    FailureCode.CONNECTION_BROKEN: _("The connection to the model server broke."),
    FailureCode.TIMED_OUT: _("The model did not answer in time."),
    FailureCode.ANSWER_TOO_LARGE: _("The model server's answer is too large or packed."),
    FailureCode.ANSWER_NOT_UNDERSTOOD: _("The model server's answer is not understood."),
    FailureCode.PAUSE_REQUESTED: _("The model server asked for a pause."),
    FailureCode.RATE_LIMIT_REACHED: _("The limit of calls or tokens a minute is used up."),
    # This request or this answer
    FailureCode.REQUEST_REFUSED: _("The model server refused the request: %(server_code)s."),
    FailureCode.RESUME_TOO_LONG: _("The résumé is longer than the model can take in."),
    FailureCode.DESCRIPTION_TOO_LONG: _("The description is longer than the model can take in."),
    FailureCode.ANSWER_UNUSABLE: _("The model's answer cannot be used: %(cause)s."),
    # Of a call alone
    FailureCode.PROMPT_TOO_LONG: _("The call was longer than the model can take in."),
    FailureCode.CALL_ABORTED: _("The call was stopped before its answer came."),
    FailureCode.CALL_NEVER_SENT: _("The call was never sent."),
    FailureCode.WORKER_ENDED: _("The worker ended before the answer came."),
    # The program, or a worker that stopped
    FailureCode.PROGRAM_FAILED: _(
        "The program failed at this résumé. The fault has been logged; retry when it is mended."
    ),
    FailureCode.SUGGESTION_PROGRAM_FAILED: _(
        "The program failed at this. The fault has been logged; ask again when it is mended."
    ),
    FailureCode.SUGGESTION_TIMED_OUT: _(
        "The model server did not answer in time. Ask again later."
    ),
    FailureCode.SCHEDULE_PROGRAM_FAILED: _(
        "The program could not start it. Whoever runs the site finds why in its log."
    ),
    FailureCode.SCORING_STOPPED_WORKER: _(
        "Scoring this résumé stopped the worker %(times)s times."
    ),
    FailureCode.FOLLOW_UP_STOPPED_WORKER: _("It stopped the worker %(times)s times."),
    FailureCode.SUGGESTION_STOPPED_WORKER: _(
        "Suggesting criteria stopped the worker %(times)s times."
    ),
    FailureCode.REMOVED_BY_STAFF: _(
        "Staff took this résumé out, because it kept stopping the worker."
    ),
    FailureCode.FILE_READ_SINCE: _(
        "The file could not be read then; it has been tried again since."
    ),
    # A whole job
    FailureCode.PAUSED_BY_USER: _("Paused by %(user)s."),
    FailureCode.NO_CANDIDATES_LEFT: _("The draft has no candidates any more."),
    FailureCode.NOTHING_SCORED: _nothing_scored,
    # What a person asked for cannot be run
    FailureCode.TOO_MANY_RESUMES: _(
        "The draft has %(number)s résumés, and this site takes up to %(most)s in one run. Remove "
        "some, or put them into several drafts; those who run the site may raise MAX_BATCH."
    ),
    FailureCode.NO_CANDIDATES: _("The draft has no candidates yet. Add their résumés first."),
    FailureCode.FORM_OF_ANOTHER_DRAFT: _("This form was for another draft. Load the page again."),
    FailureCode.NONE_FAILED_SO: _("No résumé is left that failed for this reason."),
    FailureCode.NONE_FAILED: _("No résumé of it has failed."),
    FailureCode.NOTHING_TO_RETRY: _(
        "Nothing is left to retry: every readable résumé has its score."
    ),
    FailureCode.ALL_REPEATED: _("Every score of this ranking has been repeated already."),
    FailureCode.ROLE_WITHOUT_TITLE: _("The role has no title. Give it one."),
    FailureCode.NOTHING_TO_RATE_BY: _(
        "There is nothing to rate by. Write a description or a criterion."
    ),
    FailureCode.CRITERION_KEY_REPEATED: _("Two criteria have the same key."),
    FailureCode.CRITERION_WITHOUT_NAME: _("A criterion has no name. Give it one or remove it."),
    FailureCode.WEIGHT_INVALID: _(
        "The weight of criterion %(place)s is %(weight)s. Set it to a whole number, 0 to "
        "%(highest)s."
    ),
    FailureCode.ALL_WEIGHTS_ZERO: _("All weights are 0. Give at least one criterion a weight."),
    # Schedules
    FailureCode.OWNER_LEFT: _("The account of the draft's owner is closed."),
    FailureCode.CRON_PARTS: _(
        "A cron expression has five parts: minute, hour, day of the month, month and day of the "
        "week. “0 6 * * 1-5” is six o'clock from Monday to Friday."
    ),
    FailureCode.CRON_MINUTE: _("The first part is the minute: 0 to 59."),
    FailureCode.CRON_HOUR: _("The second part is the hour: 0 to 23."),
    FailureCode.CRON_DAY: _(
        "The third part is the day of the month: 1 to 31, or L for the last; and there has to be "
        "such a day in the months of the fourth part."
    ),
    FailureCode.CRON_MONTH: _("The fourth part is the month: 1 to 12, or JAN to DEC."),
    FailureCode.CRON_WEEKDAY: _("The fifth part is the day of the week: 0 to 7, or SUN to SAT."),
    FailureCode.CRON_INVALID: _("This is no cron expression. Look at each of its five parts."),
    FailureCode.CRON_NEVER: _("This time never comes. Look at the day and the month."),
    FailureCode.CRON_TOO_OFTEN: _(
        "That is more than once an hour. Give the first part one minute, such as 0."
    ),
    # E-mails
    DeliveryCode.MAIL_REFUSED: _(
        "The mail server refused the e-mail with %(status)s, %(error_class)s."
    ),
    DeliveryCode.MAIL_SERVER_UNREACHABLE: _(
        "The mail server cannot be reached, or hung up: %(error_class)s."
    ),
    DeliveryCode.MAIL_SERVER_TIMED_OUT: _("The mail server did not answer in time."),
    DeliveryCode.MAIL_FAILED: _("Sending the e-mail failed: %(error_class)s."),
    DeliveryCode.RECIPIENT_REFUSED: _("The e-mail provider refused the recipient."),
    DeliveryCode.ADDRESS_BOUNCED: _(
        "E-mail to this address came back on %(day)s. Nothing is sent there until staff allow it "
        "again."
    ),
    DeliveryCode.ADDRESS_COMPLAINED: _(
        "E-mail to this address was marked as spam on %(day)s. Nothing is sent there until staff "
        "allow it again."
    ),
    DeliveryCode.DRAFT_RETURNED_TO: _("Somebody has come back to the draft: it is not erased."),
    # Webhook messages
    DeliveryCode.WEBHOOK_REFUSED: _("The server answered %(status)s."),
    DeliveryCode.WEBHOOK_REDIRECTED: _(
        "The server sends us elsewhere, and redirects are not followed."
    ),
    DeliveryCode.WEBHOOK_UNREACHABLE: _("The server cannot be reached: %(error_class)s."),
    DeliveryCode.WEBHOOK_TIMED_OUT: _("The server did not answer within %(seconds)s seconds."),
    DeliveryCode.WEBHOOK_OWNER_LEFT: _("The account of the webhook is closed."),
    DeliveryCode.ADDRESS_PRIVATE: _(
        "'%(host)s' leads to %(address)s, which is not a public address. Give a public one, or "
        "ask whoever runs the site to allow private ones (WEBHOOK_ALLOW_PRIVATE)."
    ),
    # What died on a host
    IncidentCode.WORKER_DIED: _("A worker process died."),
    IncidentCode.WORKER_TIMED_OUT: _("A worker process took too long and was stopped."),
    IncidentCode.PUSHER_DIED: _("The process that hands messages to the workers died."),
    IncidentCode.MONITOR_DIED: _("The process that stores the workers' results died."),
    IncidentCode.PROCESS_DIED: _("A process of the workers died."),
    IncidentCode.CLUSTER_ENDED: _(
        "The main process of the workers ended with exit code %(exit_code)s."
    ),
    IncidentCode.CANARY_MISSING: _(
        "No test message came through for %(seconds)s seconds, and no work was being done."
    ),
}
SENTENCES.update(UNUSABLE.items())

SENTENCES_SPEAK = {
    1: _("One sentence speaks of %(words)s."),
    2: _("Two sentences speak of %(words)s."),
    3: _("Three sentences speak of %(words)s."),
}
SENTENCES_NEAR = {
    1: _("One sentence comes near, in other words."),
    2: _("Two sentences come near, in other words."),
    3: _("Three sentences come near, in other words."),
}
LISTS_HOLD = {
    1: _("Only a list of keywords holds %(words)s."),
    2: _("Only lists of keywords hold %(words)s."),
    3: _("Only lists of keywords hold %(words)s."),
}
LISTS_NEAR = {
    1: _("Only a list of keywords holds something near."),
    2: _("Only lists of keywords hold something near."),
    3: _("Only lists of keywords hold something near."),
}
QUESTION = _("Have you worked with %(name)s? Where, and what was your own part?")
QUESTION_WITH_GOOD = _(
    "Have you worked with %(name)s? Where, and what was your own part? "
    "What good looks like: %(good)s"
)
# What this program says of a rating or in an insight. The gap `name` is the criterion's name,
# `words` its terms in the quotes, `evidence` the sentence of the cause.
STATEMENTS: dict[ReasonCode, Words] = {
    RatingCode.CRITERION_NOT_MENTIONED: _("No sentence of the résumé speaks of “%(name)s”."),
    RatingCode.TERMS_IN_SENTENCES: lambda params: SENTENCES_SPEAK[int(params["sentences"])],
    RatingCode.SENTENCES_NEAR: lambda params: SENTENCES_NEAR[int(params["sentences"])],
    RatingCode.TERMS_IN_LISTS: lambda params: LISTS_HOLD[int(params["lists"])],
    RatingCode.LISTS_NEAR: lambda params: LISTS_NEAR[int(params["lists"])],
    RatingCode.ROLE_NOT_MENTIONED: _(
        "No sentence of the résumé speaks of what the description asks for."
    ),
    RatingCode.ROLE_CLOSE: _("As a whole the résumé is close to the role."),
    RatingCode.ROLE_PARTLY: _("As a whole the résumé is partly like the role."),
    RatingCode.ROLE_FAR: _("As a whole the résumé is far from the role."),
    RatingCode.ROLE_CLOSE_WITH_EVIDENCE: _(
        "As a whole the résumé is close to the role; %(evidence)s."
    ),
    RatingCode.ROLE_PARTLY_WITH_EVIDENCE: _(
        "As a whole the résumé is partly like the role; %(evidence)s."
    ),
    RatingCode.ROLE_FAR_WITH_EVIDENCE: _(
        "As a whole the résumé is far from the role; %(evidence)s."
    ),
    InsightCode.STRONG_EVIDENCE: _("Strong evidence of %(name)s (%(number)s of 4)."),
    InsightCode.EVIDENCE: _("Evidence of %(name)s (%(number)s of 4)."),
    InsightCode.MUST_HAVE_WITHOUT_EVIDENCE: _(
        "The must-have %(name)s has no evidence in the résumé."
    ),
    InsightCode.CRITERION_WITHOUT_EVIDENCE: _(
        "The criterion %(name)s has no evidence in the résumé."
    ),
    InsightCode.MUST_HAVE_WITH_THIN_EVIDENCE: _(
        "The must-have %(name)s has thin evidence (%(number)s of 4)."
    ),
    InsightCode.CRITERION_WITH_THIN_EVIDENCE: _(
        "The criterion %(name)s has thin evidence (%(number)s of 4)."
    ),
    InsightCode.ASK_ABOUT_EXPERIENCE: QUESTION,
    InsightCode.ASK_ABOUT_OWN_PART: _(
        "The résumé touches %(name)s: what did you do yourself, and what came of it?"
    ),
}


def sentence(reason: Shown, criteria: Criteria = NO_CRITERIA) -> str:
    """The reason in the language of the moment; empty for None.

    `criteria` are those of the rubric by key; a criterion that is not among them is called by its
    position. Costs a query where a person is named: for a list, use `sentences`.
    """
    return sentences([reason], criteria)[0]


def sentences(reasons: Iterable[Shown], criteria: Criteria = NO_CRITERIA) -> list[str]:
    """The same for many, in their order. One query where people are named, else none."""
    reasons = list(reasons)
    users = {
        int(reason.params["user"])
        for reason in reasons
        if isinstance(reason, Reason) and "user" in reason.params
    }
    names = dict(User.objects.filter(pk__in=users).values_list("pk", "username")) if users else {}
    return [_sentence(reason, names, criteria) for reason in reasons]


def statement(item: Rating | Point, criteria: Criteria) -> str:
    """What is said of a criterion: a reason in the language of the moment, or a model's own words.

    `criteria` are those of the rubric by key.
    """
    return _statement(item.reason, criteria) if item.reason else item.explanation


def code_of(reason: Shown) -> str:
    """The code, for programs; empty for None."""
    if reason is None:
        return ""
    return str(reason.code if isinstance(reason, Reason) else reason)


def criterion_name(criterion: RubricCriterion) -> str:
    """Its author's name for it, or the program's for the role as a whole."""
    return gettext(ROLE_NAME) if criterion.key == ROLE else criterion.name


def _sentence(reason: Shown, names: Mapping[int, str], criteria: Criteria) -> str:
    if reason is None:
        return ""
    if isinstance(reason, Problem):
        return gettext(reason.sentence)
    words = SENTENCES[reason.code]
    msgid = words if isinstance(words, str) else words(reason.params)
    filled = {name: _shown(name, value, names, criteria) for name, value in reason.params.items()}
    if (cause := reason.cause) is not None:
        filled[CAUSE] = _sentence(cause, names, criteria).removesuffix(".")
    made = gettext(msgid) % filled
    tries = reason.params.get("tries", 1) if CAUSE not in reason.params else 1
    if tries == 1:
        return made
    return gettext(WITH_TRIES) % {**filled, "why": made.removesuffix(".")}


def _statement(reason: Reason, criteria: Criteria) -> str:
    params = reason.params
    words = STATEMENTS[reason.code]
    msgid = words if isinstance(words, str) else words(params)
    gaps: dict[str, str] = {}
    if "criterion" in params:
        criterion = criteria[str(params["criterion"])]
        gaps = {"name": criterion_name(criterion), "good": criterion.looks_for}
        if reason.code is InsightCode.ASK_ABOUT_EXPERIENCE and criterion.looks_for:
            msgid = QUESTION_WITH_GOOD
    if "rating" in params:
        gaps["number"] = number_format(f"{params['rating']:g}")
    if (cause := reason.cause) is not None:
        statement = _statement(cause, criteria).removesuffix(".")
        gaps["evidence"] = f"{statement[0].lower()}{statement[1:]}"
    elif "terms" in params:
        gaps["words"] = _quoted(str(params["terms"]).split())
    return gettext(msgid) % gaps


def _quoted(words: list[str]) -> str:
    *others, last = [gettext("“%(word)s”") % {"word": word} for word in words]
    if not others:
        return last
    return gettext("%(most)s and %(last)s") % {"most": ", ".join(others), "last": last}


def _name_by_key(key: str, criteria: Criteria) -> str:
    """The criterion's name, or its position where the rubric is not at hand."""
    if (criterion := criteria.get(key)) is not None:
        return criterion_name(criterion)
    if key == ROLE:
        return gettext(ROLE_NAME)
    return gettext("criterion %(position)s") % {"position": key.removeprefix(KEY_PREFIX)}


def _shown(name: str, value: Param, names: Mapping[int, str], criteria: Criteria) -> str:
    """A parameter as people write it."""
    if name == "user":
        return names.get(int(value)) or gettext("a closed account")
    if name == DAY:
        return date_format(date.fromisoformat(str(value)))
    if name == CRITERION:
        return _name_by_key(str(value), criteria)
    if isinstance(value, str) or name == STATUS:
        return str(value)
    return number_format(value, force_grouping=True)
