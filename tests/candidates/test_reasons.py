"""Reasons, as sentences in the language of the reader."""

import re
from enum import StrEnum
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from candidates.facts.reason import (
    CAUSE,
    DeliveryCode,
    FailureCode,
    IncidentCode,
    Reason,
    ReasonCode,
)
from candidates.models.reason import columns, reason_of
from candidates.reading.problems import Problem
from candidates.reasons import (
    ALL_FAILED,
    ALL_UNREADABLE,
    NOTHING_SCORED,
    SENTENCES,
    WITH_TRIES,
    code_of,
    criterion_name,
    sentence,
    sentences,
)
from candidates.scoring.engines.openai import answers
from candidates.scoring.rubric import ROLE, RubricCriterion
from tests.reasons import raises_saying

CODES: list[ReasonCode] = [*FailureCode, *DeliveryCode, *IncidentCode]
VALUES: dict[str, int | str] = {
    "engine": "magic", "package": "p", "weights": "w", "tokenizer": "t", "model": "gpt-9",
    "server_code": "bad_thing", "criterion": "c1", CAUSE: "quota_gone", "user": 0, "tries": 4,
    "error_class": "TimeoutError", "day": "2026-11-27", "host": "h.example", "address": "10.0.0.1",
}  # fmt: skip


class PlantedCode(ReasonCode):
    PLANTED = "planted"


class OrdinaryEnum(StrEnum):
    QUOTA_GONE = "quota_gone"


def example(code: ReasonCode) -> Reason:
    """A reason with every parameter of the code, each number another."""
    numbers = {name: 1_001 + place for place, name in enumerate(sorted(code.param_names))}
    return Reason(code, {name: VALUES.get(name, numbers[name]) for name in code.param_names})


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_sentence_whose_gaps_are_its_parameters(code: ReasonCode) -> None:
    words = SENTENCES[code]
    texts = [words] if isinstance(words, str) else [ALL_FAILED, ALL_UNREADABLE, NOTHING_SCORED]
    gaps = {gap for text in texts for gap in re.findall(r"%\((\w+)\)s", text)}

    assert gaps == code.param_names - {"tries"}
    assert "%(" not in WITH_TRIES % {"why": "", "tries": 4}


@pytest.mark.django_db
@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_german_with_all_that_is_filled_in(code: ReasonCode) -> None:
    reason = example(code)
    english = sentence(reason)
    with translation.override("de"):
        german = sentence(reason)

    assert german != english
    assert "%(" not in english + german
    for name, value in reason.params.items():
        if isinstance(value, int) and name not in ("user", "tries", "status"):
            assert f"{value:,}" in english
            assert f"{value:,}".replace(",", ".") in german
        elif isinstance(value, str) and name not in (CAUSE, "day", "criterion"):
            assert value in english and value in german


def test_every_sentence_belongs_to_a_code() -> None:
    assert SENTENCES.keys() == set(CODES) and len(SENTENCES) == len(CODES)


def test_a_planted_code_has_no_sentence() -> None:
    with pytest.raises(KeyError):
        sentence(Reason(PlantedCode.PLANTED))


@pytest.mark.parametrize("code", ["quota_gone", "of the kind", OrdinaryEnum.QUOTA_GONE, None])
def test_a_code_of_no_closed_set_is_none_of_a_reason(code: Any) -> None:
    with pytest.raises(ValueError, match="no known code"):
        Reason(code)


@pytest.mark.parametrize(
    ("code", "params"),
    [
        (FailureCode.KEY_REFUSED, {}),
        (FailureCode.KEY_REFUSED, {"status": 401, "model": "m"}),
        (FailureCode.QUOTA_GONE, {"status": 401}),
        (FailureCode.SERVER_SILENT, {}),
        (FailureCode.SERVER_SILENT, {"cause": "unreachable"}),
        (FailureCode.SERVER_SILENT, {"cause": "of the kind", "tries": 4}),
        (FailureCode.KEY_REFUSED, {"status": None}),
        (FailureCode.KEY_REFUSED, {"status": True}),
        (FailureCode.KEY_REFUSED, {"status": float("nan")}),
        (FailureCode.KEY_REFUSED, {"status": [401]}),
        (FailureCode.KEY_REFUSED, {"status": "\0"}),
        (FailureCode.KEY_REFUSED, {"status": "\ud800"}),
    ],
)
def test_parameters_that_do_not_fit_are_an_error(code: FailureCode, params: Any) -> None:
    with pytest.raises(ValueError, match=r"takes|neither|not a valid"):
        Reason(code, params)


@pytest.mark.parametrize("code", CODES)
def test_a_reason_survives_json_and_columns(code: ReasonCode) -> None:
    reason = example(code)

    copy = Reason.from_json(reason.to_json(), type(code))
    assert (copy, hash(copy)) == (reason, hash(reason))
    stored = columns("error", reason)
    assert reason_of(stored["error_code"], stored["error_params"], type(code)) == reason
    assert len(code) <= 40


@pytest.mark.parametrize(
    "data", [None, [], "quota_gone", {}, {"code": "quota_gone"}, {"code": "x", "params": {}}]
)
def test_what_is_no_reason_is_not_taken_for_one(data: Any) -> None:
    with pytest.raises(ValueError, match=r"has a code|not a valid"):
        Reason.from_json(data)


def test_no_reason_is_no_sentence_and_empty_columns() -> None:
    assert sentence(None) == code_of(None) == ""
    assert reason_of("", {}) is None
    assert columns("error", None) == {"error_code": "", "error_params": {}}


SILENT = Reason.because_of(
    FailureCode.SERVER_SILENT, Reason(FailureCode.SERVER_ERROR, {"status": 503, "tries": 4})
)


def test_a_reason_is_fit_for_a_log() -> None:
    assert str(SILENT) == "server_silent (cause=server_error, status=503, tries=4)"
    assert str(Reason(FailureCode.QUOTA_GONE)) == "quota_gone"


@pytest.mark.parametrize(
    ("reason", "english", "german"),
    [
        (
            SILENT,
            "The model server answered 503; 4 tries. It has been so for about an hour. Resume the "
            "job when the model server answers again.",
            "Der Modellserver hat 503 geantwortet; 4 Versuche. So ist es seit etwa einer Stunde. "
            "Setzen Sie den Auftrag fort, wenn der Modellserver wieder antwortet.",
        ),
        (
            Reason(FailureCode.UNREACHABLE, {"tries": 3}),
            "The model server cannot be reached; 3 tries.",
            "Der Modellserver ist nicht zu erreichen; 3 Versuche.",
        ),
        (
            Reason(FailureCode.UNREACHABLE, {"tries": 1}),
            "The model server cannot be reached.",
            "Der Modellserver ist nicht zu erreichen.",
        ),
        (
            Reason(FailureCode.NOTHING_SCORED, {"total": 3_000, "unreadable": 1, "failed": 2_999}),
            "None of the 3,000 résumés could be scored: 1 unreadable and 2,999 failed.",
            "Keiner der 3.000 Lebensläufe konnte bewertet werden: 1 unlesbar und 2.999 "
            "fehlgeschlagen.",
        ),
        (
            Reason(FailureCode.NOTHING_SCORED, {"total": 2, "unreadable": 2, "failed": 0}),
            "None of the 2 résumés could be scored: 2 unreadable.",
            "Keiner der 2 Lebensläufe konnte bewertet werden: 2 unlesbar.",
        ),
        (
            Reason(FailureCode.NOTHING_SCORED, {"total": 2, "unreadable": 0, "failed": 2}),
            "None of the 2 résumés could be scored: 2 failed.",
            "Keiner der 2 Lebensläufe konnte bewertet werden: 2 fehlgeschlagen.",
        ),
        (
            Reason(DeliveryCode.ADDRESS_BOUNCED, {"day": "2026-11-30"}),
            "E-mail to this address came back on Nov. 30, 2026. Nothing is sent there until staff "
            "allow it again.",
            "Eine E-Mail an diese Adresse kam am 30. November 2026 zurück. Dorthin wird nichts "
            "gesendet, bis die Verwaltung es wieder erlaubt.",
        ),
        (
            Reason(DeliveryCode.ADDRESS_COMPLAINED, {"day": "2026-03-01"}),
            "E-mail to this address was marked as spam on March 1, 2026. Nothing is sent there "
            "until staff allow it again.",
            "Eine E-Mail an diese Adresse wurde am 1. März 2026 als Spam markiert. Dorthin wird "
            "nichts gesendet, bis die Verwaltung es wieder erlaubt.",
        ),
        (
            Reason.because_of(FailureCode.ANSWER_UNUSABLE, Reason(FailureCode.NO_JSON)),
            "The model's answer cannot be used: it is not JSON.",
            "Die Antwort des Modells ist nicht zu gebrauchen: sie ist kein JSON.",
        ),
    ],
)
def test_a_sentence_is_in_the_language_of_the_reader(
    reason: Reason, english: str, german: str
) -> None:
    assert sentence(reason) == english
    with translation.override("de"):
        assert sentence(reason) == german


@pytest.mark.parametrize(
    ("key", "named", "english", "german"),
    [
        ("c1", True, "it has no rating for 'Python'", "keine Bewertung für „Python“"),
        ("c1", False, "it has no rating for 'criterion 1'", "keine Bewertung für „Kriterium 1“"),
        ("c12", True, "it has no rating for 'criterion 12'", "keine Bewertung für „Kriterium 12“"),
        (
            ROLE,
            False,
            "it has no rating for 'The role as described'",
            "keine Bewertung für „Die Stelle, wie beschrieben“",
        ),
    ],
)
def test_a_criterion_is_named_or_called_by_its_position(
    key: str, named: bool, english: str, german: str
) -> None:
    missing = Reason(FailureCode.RATING_MISSING, {"criterion": key})
    reason = Reason.because_of(FailureCode.ANSWER_UNUSABLE, missing)
    criteria = {"c1": RubricCriterion("c1", "Python")} if named else {}

    assert english in sentence(reason, criteria)
    with translation.override("de"):
        assert german in sentence(reason, criteria)


def test_who_paused_is_named_as_they_are_called_now(alice: User) -> None:
    reason = Reason(FailureCode.PAUSED_BY_USER, {"user": alice.pk})
    assert sentence(reason) == "Paused by alice."

    User.objects.filter(pk=alice.pk).update(username="alicia")
    with translation.override("de"):
        assert sentence(reason) == "Angehalten von alicia."

    User.objects.all().delete()
    assert sentence(reason) == "Paused by a closed account."


def test_many_sentences_cost_one_query(
    alice: User, eve: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    reasons = [Reason(FailureCode.PAUSED_BY_USER, {"user": user.pk}) for user in (alice, eve)]
    with django_assert_num_queries(1):
        assert sentences([*reasons, None]) == ["Paused by alice.", "Paused by eve.", ""]
    with django_assert_num_queries(0):
        sentences([Problem.EMPTY, Reason(FailureCode.QUOTA_GONE)])


@pytest.mark.parametrize("problem", Problem)
def test_every_reason_why_a_file_is_not_read_has_its_german(problem: Problem) -> None:
    with translation.override("de"):
        assert sentence(problem) != problem.sentence
    assert (sentence(problem), code_of(problem)) == (problem.sentence, problem.value)


@pytest.mark.parametrize("code", answers.UNUSABLE)
def test_the_model_reads_why_its_answer_cannot_be_used_in_english(code: ReasonCode) -> None:
    with translation.override("de"):
        assert answers.in_words(example(code)) == SENTENCES[code] % example(code).params  # type: ignore[operator]


def test_an_unusable_answer_says_so_with_a_reason() -> None:
    with raises_saying(answers.UnusableAnswer, "it is not JSON"):
        answers.parsed("")
    with raises_saying(answers.UnusableAnswer, "it is not JSON"):
        answers.parsed(f'{{"rating": {"9" * 5_000}}}')


def test_only_the_role_has_a_name_of_the_program() -> None:
    with translation.override("de"):
        role = RubricCriterion(ROLE, "The role as described", "", 1)
        assert criterion_name(role) == "Die Stelle, wie beschrieben"
        assert criterion_name(RubricCriterion("c2", "Experience", "", 1)) == "Experience"
