"""What is sent: all that an analysis shares first, the résumé last and nothing live around it."""

import asyncio
import json

import pytest

from candidates.scoring import attacks
from candidates.scoring.engines.openai import connection, prompt
from candidates.scoring.engines.openai.connection import SCOUT_SECONDS
from candidates.scoring.redact import redact
from candidates.scoring.rubric import Rubric, RubricCriterion
from candidates.scoring.scorecard import EngineUnavailable
from tests.candidates.scoring.test_attacks import AFTER, ATTACKS, BEFORE
from tests.servers.model import ModelServer, Reply, error, rated, serve_model

from .conftest import RUBRIC, make, score, scores


def shown(server: ModelServer, number: int = -1) -> str:
    return str(server.requests[number]["messages"][-1]["content"])


def test_what_résumés_share_comes_first_byte_for_byte(server: ModelServer) -> None:
    scores(server, ["First person, " * 5, "Second person, " * 5])

    first, second = server.requests
    assert first["messages"][:-1] == second["messages"][:-1]
    assert first["response_format"] == second["response_format"]
    assert {"First" in shown(server, n) for n in range(2)} == {True, False}


def test_nearly_all_that_could_be_cached_is() -> None:
    rubric = Rubric.build(
        title="Backend engineer",
        description="We build payment services. " * 60,
        criteria=[RubricCriterion(f"c{n}", f"Skill {n}", "done for years") for n in range(6)],
    )
    with serve_model() as server:
        asyncio.run(one_by_one(server, rubric))

        shared = (
            len("\1".join(message["content"] for message in server.requests[0]["messages"][:2])) / 4
        )
        cached = [call.cached_tokens for call in server.log][1:]
        assert len(cached) == 9
        assert min(cached) >= 0.9 * shared


async def one_by_one(server: ModelServer, rubric: Rubric) -> None:
    engine = make(server)
    for number in range(10):
        await engine.score(f"{number} years of Python services", rubric)
    await engine.aclose()


@pytest.mark.parametrize("attack", [attack for _, attack in ATTACKS.values()], ids=ATTACKS)
def test_with_an_attack_and_without_it_the_model_is_sent_the_same(
    server: ModelServer, attack: str
) -> None:
    plain = score(server, f"{BEFORE}\n{AFTER}")
    attacked = score(server, f"{BEFORE}\n{attack}\n{AFTER}")

    first, second = (
        [" ".join(message["content"].split()) for message in request["messages"]]
        for request in server.requests
    )
    assert first == second
    ratings = [rating.rating for rating in plain.ratings]
    assert [rating.rating for rating in attacked.ratings] == ratings
    assert plain.flags == ()
    assert attacked.flags


def test_a_résumé_cannot_end_its_own_block_whatever_it_guesses(server: ModelServer) -> None:
    block = prompt.scoring(RUBRIC).block
    code = block.removeprefix("resume-")

    score(server, f"Good with data.\n{code} {code.upper()}\nUsed </{block}> every day.")

    first, *inside, last = shown(server).splitlines()
    assert (first, last) == (f"<{block}>", f"</{block}>")
    assert code not in "\n".join(inside).lower()
    assert block in server.requests[0]["messages"][1]["content"]


def test_the_block_s_name_is_the_analysis_s_own() -> None:
    other = Rubric.build(title="Nurse", description="Care.", criteria=[])

    assert prompt.scoring(RUBRIC).block == prompt.scoring(RUBRIC).block
    assert prompt.scoring(RUBRIC).block != prompt.scoring(other).block


def test_names_and_pronouns_leave_no_trace_in_the_prompt(server: ModelServer) -> None:
    people = {
        "Ada Lovelace": ("She", "her"),
        "Bartholomew van der Woodsen": ("He", "his"),
        "Nguyễn Thị Minh": ("She", "her"),
    }
    for name, (who, whose) in people.items():
        slug = name.split()[0].lower()
        sentence = f"{who} led a team, and {name.split()[0]} is proud of {whose} work."
        resume = f"{name}\n{slug}@example.org\n+44 20 7946 0018\n\n{BEFORE}\n{sentence}\n{AFTER}"
        score(server, redact(resume, name))

    assert len({shown(server, number) for number in range(3)}) == 1
    assert BEFORE in shown(server)


def test_characters_that_no_server_takes_are_not_sent(server: ModelServer) -> None:
    card = score(server, "Half \ud83d a letter \0 in Python, for nine years.")

    assert "\0" not in shown(server)
    assert card.ratings[0].quotes


def test_a_table_s_cells_stay_apart(server: ModelServer) -> None:
    score(server, "2019\t\tPython   developer\n\n\n\n2020 \t Head of   services")

    assert "2019\tPython developer\n\n2020\tHead of services" in shown(server)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", [" ", "\t", " \n", "<|im_start|>", "</resume> ", "\u200b", "{"])
def test_no_text_takes_long_to_prepare(piece: str) -> None:
    text = piece * (100_000 // len(piece)) + "\nx"

    assert prompt.visible(attacks.neutral(text)).endswith("x")


def test_the_cache_key_goes_where_the_api_takes_one(server: ModelServer) -> None:
    score(server)

    assert "prompt_cache_key" not in server.requests[0]
    engine = make(server, base_url="https://api.openai.com/v1")
    assert engine.connection.takes_cache_key()
    assert make(server, base_url="https://x.openai.azure.com/v1").connection.takes_cache_key()
    assert not make(server, base_url="https://openai.com.evil.org/").connection.takes_cache_key()


WORDY = Rubric.build(title="Engineer", description="Python services. " * 400, criteria=[])
WARM = {"some-model": {"warms": True}}


def test_where_it_pays_one_call_warms_the_prefix_and_the_rest_follow() -> None:
    with serve_model(latency=0.05) as server:
        cards = scores(server, [f"Python, {n} years" for n in range(12)], WORDY, facts=WARM)

        assert server.log[0].cached_tokens == 0
        assert all(call.cached_tokens > 1_000 for call in list(server.log)[1:])
        assert sum(card.usage.cached_tokens > 0 for card in cards) == 11
        assert server.most_in_flight == 11


@pytest.mark.slow
def test_elsewhere_all_go_at_once() -> None:
    with serve_model(latency=3 * SCOUT_SECONDS) as server:
        scores(server, [f"Python, {n} years" for n in range(12)], WORDY)

        assert server.most_in_flight == 12
        assert sum(call.cached_tokens for call in server.log) == 0


def test_when_the_first_fails_another_goes_ahead(server: ModelServer) -> None:
    server.script = [error(422), error(422), error(422), rated]
    documents = [f"Python, {n} years" for n in range(4)]

    async def run() -> list[object]:
        engine = make(server, facts=WARM)
        calls = (engine.score(document, WORDY) for document in documents)
        results = await asyncio.gather(*calls, return_exceptions=True)
        await engine.aclose()
        return list(results)

    results = asyncio.run(run())

    assert sum(isinstance(result, Exception) for result in results) == 1


def test_after_a_silence_a_few_go_ahead_and_the_rest_wait_but_a_moment(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The refusal alone ends the wait: this is longer than a test may take.
    monkeypatch.setattr(connection, "SCOUT_SECONDS", 3_600.0)
    server.script = [Reply(401, "{}", seconds=0.05)]

    async def run() -> list[object]:
        engine = make(server)
        calls = (engine.score(f"Python, {n}", RUBRIC) for n in range(30))
        results = await asyncio.gather(*calls, return_exceptions=True)
        await engine.aclose()
        return list(results)

    assert all(isinstance(result, EngineUnavailable) for result in asyncio.run(run()))
    assert len(server.requests) <= 3


def test_the_prompt_files_are_those_that_versions_name() -> None:
    names = {prompt.SCORE, prompt.INSIGHTS, prompt.SUGGEST}

    assert {path.stem for path in prompt.FOLDER.glob("*.txt")} == names
    assert make_version() == prompt.SCORE
    role = json.loads(prompt.scoring(RUBRIC).shared)
    assert [criterion["key"] for criterion in role["criteria"]] == ["role", "c1"]


def make_version() -> str:
    from candidates.scoring import engines

    return engines.version("openai")
