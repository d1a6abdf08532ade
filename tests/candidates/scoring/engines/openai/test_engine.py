"""What a scorecard of the `openai` engine rests on, and how it is asked for."""

import asyncio
import json
from typing import Any

import openai
import pytest

from candidates.facts.flags import Flag, FlagKind
from candidates.scoring import engines
from candidates.scoring.rubric import Rubric, RubricCriterion
from candidates.scoring.scorecard import (
    EngineUnavailable,
    Point,
    Quote,
    Scorecard,
    ScoringFailed,
    ScoringOutcome,
)
from tests.reasons import raises_saying
from tests.servers.model import (
    ModelServer,
    Reply,
    Request,
    completion_reply,
    error,
    rated,
    serve_model,
)

from .conftest import RESUME, RUBRIC, make, score, scores


def answer(**changes: Any) -> Reply:
    rating = {"quotes": [RESUME.splitlines()[0]], "reason": "It says so.", "rating": 4, **changes}
    return completion_reply(json.dumps({"role": rating, "c1": rating}))


def place_of(quote: str) -> Quote:
    start = RESUME.index(quote)
    return Quote(quote, start, start + len(quote))


def test_one_call_rates_every_criterion_with_checked_quotes(server: ModelServer) -> None:
    card = score(server)

    assert [rating.criterion for rating in card.ratings] == ["role", "c1"]
    assert [rating.rating for rating in card.ratings] == [3, 3]
    quote = card.ratings[1].quotes[0]
    assert RESUME[quote.start : quote.end] == quote.text == RESUME.splitlines()[0]
    assert (card.mode, card.model, card.flags) == ("json_schema", "scripted", ())
    assert server.requests[0]["_key"] == "Bearer key"
    assert server.requests[0]["model"] == "some-model"
    assert server.requests[0]["response_format"]["json_schema"]["strict"] is True


def test_usage_is_what_the_server_counted(server: ModelServer) -> None:
    cards = scores(server, ["Python here, for years and years", "Python there, for years"])

    for name, sum_of in server.usage().items():
        assert sum(getattr(card.usage, name) for card in cards) == sum_of
    assert not any(card.usage.estimated for card in cards)


@pytest.mark.parametrize(
    ("quote", "is_found"),
    [
        ("Built payment services in Python for nine years.", True),
        ("built payment\nservices in  python", True),
        ("Led a team of forty.", False),  # invented
        ("Has built payment services with Python for nine years", False),  # paraphrased
        ("Python services.", False),  # the job description's
        ("nine years. Tuned PostgreSQL", True),  # lines joined
        ("Uses “Python” – daily", True),  # other quotes and dashes
    ],
)
def test_only_what_stands_in_the_résumé_is_evidence(
    server: ModelServer, quote: str, is_found: bool
) -> None:
    document = f'{RESUME}\nUses "Python" - daily'
    server.script = [answer(quotes=[quote])]

    rating = score(server, document).ratings[1]

    assert bool(rating.quotes) is rating.supported is is_found
    assert (rating.rating, rating.dropped) == ((4, 0) if is_found else (1, 1))
    for place in rating.quotes:
        assert document[place.start : place.end] == place.text


def test_another_résumé_s_answer_supports_nothing(server: ModelServer) -> None:
    server.script = [answer(quotes=["Cared for patients on a ward of thirty beds."])]

    assert [rating.rating for rating in score(server).ratings] == [1, 1]


@pytest.mark.parametrize(
    ("lacks", "mode", "formats"),
    [
        ("json_schema", "json_object", ["json_schema", "json_object", "json_object"]),
        ("response_format", "text", ["json_schema", "json_object", None, None]),
    ],
)
def test_a_server_without_schemas_is_asked_in_a_simpler_way_and_that_is_remembered(
    lacks: str, mode: str, formats: list[str | None]
) -> None:
    with serve_model(lacks=lacks) as server:
        first, second = score(server), score(server, "Another in Python, for years.")

        assert first.mode == second.mode == mode
        assert [rating.rating for rating in second.ratings] == [3, 3]
        asked = [(request.get("response_format") or {}).get("type") for request in server.requests]
        assert asked == formats


@pytest.mark.parametrize("lacks", ["json_schema", "response_format"])
def test_that_a_server_has_no_schemas_is_found_out_by_few(lacks: str) -> None:
    with serve_model(lacks=lacks) as server:
        cards = scores(server, [f"Python, for the {n}th time, for years." for n in range(40)])

        assert len(cards) == 40
        assert len(server.requests) <= 43


def test_a_server_that_takes_no_notice_of_schemas_is_told_them_in_words(
    server: ModelServer,
) -> None:
    def unaware(request: Request) -> Reply:
        if '"type": "object"' not in request["messages"][1]["content"]:
            return completion_reply("A good fit: nine years of Python.")
        return rated(request)

    server.script = [unaware]
    first, second = score(server), score(server, "Another in Python, for years.")

    assert [rating.rating for rating in (*first.ratings, *second.ratings)] == [3, 3, 3, 3]
    assert second.mode == "json_object"
    assert len(server.requests) == 3


def test_one_bad_answer_is_not_held_against_a_way_that_has_worked(server: ModelServer) -> None:
    score(server)
    server.script = [completion_reply("Hm."), rated]

    assert score(server).mode == "json_schema"


@pytest.mark.parametrize(
    "message",
    [
        "Model some-model: response_format json_schema is not supported.",
        "This model does not support structured outputs; 'json_schema' is invalid for it.",
    ],
)
def test_a_model_without_schemas_is_not_taken_for_one_that_is_not_there(
    server: ModelServer, message: str
) -> None:
    server.script = [error(400, message=message), rated]

    assert score(server).mode == "json_object"


def test_a_refusal_without_a_reason_is_tried_in_every_way_once(server: ModelServer) -> None:
    server.script = [error(400, message="Bad request.")]

    with raises_saying(ScoringFailed, "refused the request: 400"):
        score(server)

    assert len(server.requests) == 3


def test_a_way_that_has_worked_is_not_given_up_for_one_refusal(server: ModelServer) -> None:
    score(server)
    server.script = [error(400, "bad_thing", message="No.")]

    with raises_saying(ScoringFailed, "bad_thing"):
        score(server)

    server.script = []
    assert score(server).mode == "json_schema"


def test_insights_come_in_the_same_call_where_they_are_asked_for(server: ModelServer) -> None:
    card = score(server, with_insights=True)

    assert len(server.requests) == 1
    assert card.insight is not None
    assert card.insight.strengths == (Point("The line says so.", place_of(RESUME.splitlines()[0])),)
    assert card.insight.questions == (Point("The line says so."),)
    assert Scorecard.from_json(json.loads(json.dumps(card.to_json()))) == card


def test_a_strength_without_its_quote_is_not_told(server: ModelServer) -> None:
    def invents(request: Request) -> Reply:
        strengths = [
            {"text": "Led forty.", "quote": "Led forty people."},
            {"text": "Tunes databases.", "quote": "Tuned PostgreSQL."},
        ]
        gaps = [{"text": "Nothing on Kubernetes.", "question": "What did you deploy, and how?"}]
        return completion_reply(json.dumps({"strengths": strengths, "gaps": gaps}))

    async def run() -> Any:
        engine = make(server)
        card = await engine.score(RESUME, RUBRIC)
        server.script = [invents]
        try:
            return await engine.insights(RESUME, RUBRIC, card)
        finally:
            await engine.aclose()

    insight, usage = asyncio.run(run())

    assert insight.strengths == (Point("Tunes databases.", place_of("Tuned PostgreSQL.")),)
    assert insight.gaps == (Point("Nothing on Kubernetes."),)
    assert insight.questions == (Point("What did you deploy, and how?"),)
    assert usage.calls == 1
    assert '{"role": 3.0, "c1": 3.0}' in server.requests[1]["messages"][2]["content"]


def suggest(server: ModelServer) -> tuple[RubricCriterion, ...]:
    async def run() -> tuple[RubricCriterion, ...]:
        engine = make(server)
        try:
            return (await engine.suggest("Engineer", "Python, and more."))[0]
        finally:
            await engine.aclose()

    return asyncio.run(run())


def test_criteria_are_suggested_from_the_description(server: ModelServer) -> None:
    suggested = [
        {"name": f"Skill {n}", "looks_for": "Uses it.", "weight": 3 * n, "must_have": n == 1}
        for n in range(5)
    ]
    server.script = [completion_reply(json.dumps({"criteria": [*suggested, suggested[1]]}))]

    criteria = suggest(server)

    assert [criterion.name for criterion in criteria] == [f"Skill {n}" for n in range(5)]
    assert [criterion.weight for criterion in criteria] == [1, 3, 6, 9, 10]
    assert [criterion.must_have for criterion in criteria] == [False, True, False, False, False]
    assert Rubric.build(title="Engineer", description="", criteria=criteria)
    assert "Python, and more." in server.requests[0]["messages"][1]["content"]


def test_too_few_criteria_are_asked_for_again(server: ModelServer) -> None:
    server.script = [completion_reply('{"criteria": []}')]

    with raises_saying(ScoringFailed, "fewer than 3 criteria"):
        suggest(server)

    assert len(server.requests) == 2


class Ledger:
    """Records the calls that are started and settled."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.settled: list[tuple[object, ScoringOutcome]] = []

    async def start(self, tokens: int) -> object:
        self.started.append(tokens)
        return len(self.started)

    async def settle(self, call: object, outcome: ScoringOutcome) -> None:
        self.settled.append((call, outcome))


def test_every_call_has_a_line_that_says_how_it_ended(server: ModelServer) -> None:
    ledger = Ledger()
    server.script = [
        error(500),
        Reply(drop=True),
        Reply(body="<html>"),
        completion_reply("no"),
        rated,
    ]

    card = score(server, calls=ledger)

    assert [outcome.status for _, outcome in ledger.settled] == [
        "refused",
        "unknown",
        "unknown",
        "answered",
        "answered",
    ]
    assert [call for call, _ in ledger.settled] == [1, 2, 3, 4, 5]
    total = sum(outcome.usage.prompt_tokens for _, outcome in ledger.settled)
    assert total == card.usage.prompt_tokens == server.usage()["prompt_tokens"]
    # The estimate, made before, is on the long side of what it came to.
    assert ledger.started[0] >= server.log[-1].prompt_tokens


def test_a_cancelled_call_is_settled_as_unknown(server: ModelServer) -> None:
    ledger = Ledger()
    server.script = [Reply(seconds=30.0)]

    async def run() -> None:
        engine = make(server, calls=ledger)
        task = asyncio.create_task(engine.score(RESUME, RUBRIC))
        while not server.requests:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await engine.aclose()

    asyncio.run(run())

    assert [outcome.status for _, outcome in ledger.settled] == ["unknown"]


LONG = "\n".join(
    [f"Looked after the office plants, year {n}, with care." for n in range(400)]
    + ["Built payment services in Python for nine years."]
)


def test_a_résumé_longer_than_the_model_s_context_is_shortened_to_what_matters() -> None:
    facts = {"some-model": {"context": 3_000}}
    with serve_model(context=3_000) as server:
        card = score(server, LONG, facts=facts)

        assert len(server.requests) == 1
        shown = server.requests[0]["messages"][2]["content"]
        assert "Built payment services in Python" in shown
        assert "[…]" in shown
        (flag,) = card.flags
        assert flag.kind == "shortened"
        percent = flag.params["percent"]
        assert isinstance(percent, int) and 1 <= percent < 100


@pytest.mark.parametrize(("context", "calls"), [(5_500, 2), (2_000, 3)])
def test_a_server_that_finds_it_too_long_gets_less_until_it_fits(context: int, calls: int) -> None:
    with serve_model(context=context) as server:
        card = score(server, LONG)

        assert len(server.requests) == calls
        assert [flag.kind for flag in card.flags] == ["shortened"]


def test_a_server_that_says_its_limit_gets_what_fits(server: ModelServer) -> None:
    message = "This model's maximum context length is 2,500 tokens. However, you sent 9,000."
    server.script = [error(400, "context_length_exceeded", message), rated]

    score(server, LONG)

    shown = server.requests[1]["messages"]
    assert sum(len(message["content"]) for message in shown) < 2_500 * 3


@pytest.mark.parametrize("status", [400, 413])
def test_what_never_fits_is_said_to_be_so(server: ModelServer, status: int) -> None:
    server.script = [error(status, "context_length_exceeded")]

    with raises_saying(ScoringFailed, "longer than the model"):
        score(server, LONG)

    assert len(server.requests) < 8  # half of it each time


def test_a_description_that_fills_the_context_is_somebody_s_to_mend(server: ModelServer) -> None:
    with raises_saying(EngineUnavailable, "Description and criteria alone"):
        score(server, facts={"some-model": {"context": 900}})

    assert not server.requests


def test_a_copied_description_is_flagged_and_rated_all_the_same(server: ModelServer) -> None:
    description = "We look for somebody who builds services in Python and likes to tune databases."
    rubric = Rubric.build(title="Engineer", description=description, criteria=[])

    card = score(server, f"{RESUME}\n{description}", rubric)

    assert card.flags == (Flag(FlagKind.COPIES_DESCRIPTION),)
    assert card.ratings[0].rating == 3


def test_the_estimate_is_above_the_cost_and_not_far(server: ModelServer) -> None:
    document = "\n".join(f"Built service number {n} in Python." for n in range(60))
    card = score(server, document)

    about = make(server).estimate(document, RUBRIC)

    assert card.usage.prompt_tokens <= about.prompt_tokens <= 1.6 * card.usage.prompt_tokens


def test_without_a_key_it_does_not_start() -> None:
    with raises_saying(EngineUnavailable, "OPENAI_API_KEY"):
        engines.make("openai", "some-model")


def test_one_client_serves_all_calls(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Counted(openai.AsyncOpenAI):
        def __init__(self, **settings: Any) -> None:
            made.append(1)
            super().__init__(**settings)

    monkeypatch.setattr(openai, "AsyncOpenAI", Counted)

    scores(server, [f"Python, the {n}th time over" for n in range(20)])

    assert made == [1]
