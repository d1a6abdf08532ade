"""A job scored by a model, from submit to the last row written, beside other ways to do the same.

Against the scripted server of the tests, as a process of its own, which takes a second for each
answer. Contenders take turns, each with workers of its own that are started, warmed up and idle
before they are asked; a round is of the same résumés for all. Medians of all rounds.

`python -m benchmarks.models --rounds 5` measures longer.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from functools import partial

from candidates.scoring import catalogue
from candidates.scoring.engines.openai import prompt
from candidates.scoring.rubric import Rubric

from . import contenders, servers, stage
from .contenders import OURS, Contender
from .peers import PEERS, SCRIPT
from .stage import say

LATENCY_SECONDS = 1.0
WARM_UP_RESUMES = 64  # résumés, so that every worker has imported, connected and called
WARM_UP_LATENCY_SECONDS = 0.2
# PostgreSQL tells what an idle connection has committed within ten seconds.
SETTLE_SECONDS = 10.5
NO_FAULTS: dict[str, float] = {}
FAULTS = {"rate_limited": 0.05, "failing": 0.05, "dropped": 0.05, "garbled": 0.05}
CACHE_WARMING_MODEL = (
    "gpt-5-mini"  # a model of which the price table says that the first call goes alone
)


@dataclass(frozen=True, slots=True)
class Spent:
    """What one run cost."""

    wall: float  # seconds from submit to the last row
    cpu: float  # seconds of the workers
    database: float  # seconds of PostgreSQL, and of Redis where there is one
    memory: float  # MB, the most that all workers had together
    commits: float | None  # of the first round alone
    calls: float  # as the model server counted them
    scored: float
    again: float  # prompts that were answered more than once
    most: float  # calls in flight
    cached: float  # share of the prompts' tokens


Start = Callable[[str], AbstractContextManager[Contender]]


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--resumes", type=int, default=300)
    parser.add_argument("--many", type=int, default=1_000)
    options = parser.parse_args(arguments)
    with stage.django_of_our_own() as user:
        rubric = stage.draft(user, ()).rubric()
        ours: Start = partial(contenders.ours, user, "scripted")
        warming = partial(contenders.ours, user, CACHE_WARMING_MODEL)
        script: Start = partial(contenders.theirs, SCRIPT, rubric)
        every: dict[str, tuple[Start, dict[str, float]]] = {
            peer.label: (partial(contenders.theirs, peer, rubric), NO_FAULTS) for peer in PEERS
        }
        say("", "## Scoring by a model", "")
        runs = _by_turns({OURS: (ours, NO_FAULTS), **every}, options.resumes, options.rounds, "one")
        _table(f"{options.resumes} résumés, {LATENCY_SECONDS:g} s a call", runs)
        broken = {
            f"{OURS}, a fifth of the answers fail": (ours, FAULTS),
            f"{SCRIPT.label}, the same": (script, FAULTS),
            SCRIPT.label: (script, NO_FAULTS),
        }
        _table("when answers fail", _by_turns(broken, options.resumes, options.rounds, "broken"))
        two = {OURS: (ours, NO_FAULTS), SCRIPT.label: (script, NO_FAULTS)}
        _table(f"{options.many:,} résumés", _by_turns(two, options.many, options.rounds, "many"))
        _again(ours, options.many)
        _shared({"scripted": ours, CACHE_WARMING_MODEL: warming}, rubric, options.resumes)


def _by_turns(
    those: dict[str, tuple[Start, dict[str, float]]], size: int, rounds: int, salt: str
) -> dict[str, Spent]:
    """The medians of each contender."""
    runs: dict[str, list[Spent]] = {label: [] for label in those}
    for turn in range(rounds):
        for label, (start, faults) in those.items():
            texts = stage.texts(size, f"{salt} {turn}")
            spent = _turn(start, texts, faults, settled=not turn)
            sys.stderr.write(f"{salt} {turn} {label}: {spent}\n")
            runs[label].append(spent)
    return {label: _median(several) for label, several in runs.items()}


def _median(several: Sequence[Spent]) -> Spent:
    values = {
        field.name: [value for run in several if (value := getattr(run, field.name)) is not None]
        for field in fields(Spent)
    }
    return Spent(**{name: statistics.median(samples) for name, samples in values.items()})


def _turn(start: Start, texts: Sequence[str], faults: dict[str, float], *, settled: bool) -> Spent:
    with servers.model_server(WARM_UP_LATENCY_SECONDS) as url, start(url) as contender:
        contender.prepare(stage.texts(WARM_UP_RESUMES, f"warm {texts[0]}"))
        contenders.follow(contender, *contender.submit(), longest=60)
        contender.prepare(texts)
        if settled:
            time.sleep(SETTLE_SECONDS)
        servers.behave(url, latency=LATENCY_SECONDS, **faults)
        return _run(contender, url, len(texts), settled=settled)


def _run(contender: Contender, url: str, size: int, *, settled: bool) -> Spent:
    commits, before = servers.commits(contender.database), servers.log_of(url)
    cpu, database = stage.cpu(contender.workers), stage.cpu(contender.databases)
    began = time.perf_counter()
    memory = contenders.follow(
        contender, *contender.submit(), longest=60 + size * LATENCY_SECONDS / 4
    )
    wall = time.perf_counter() - began
    cpu = stage.cpu(contender.workers) - cpu
    database = stage.cpu(contender.databases) - database
    after = servers.log_of(url)
    scored = contender.scored()
    contender.end()
    spent = {name: after[name] - before[name] for name in ("prompt_tokens", "cached_tokens")}
    return Spent(
        wall=wall,
        cpu=cpu,
        database=database,
        memory=memory,
        commits=servers.commits(contender.database) - commits if settled else None,
        calls=after["requests"] - before["requests"],
        scored=scored,
        again=after["answered_again"],
        most=after["most_in_flight"],
        cached=spent["cached_tokens"] / max(1, spent["prompt_tokens"]),
    )


def _table(title: str, runs: dict[str, Spent]) -> None:
    limit = runs[SCRIPT.label]
    columns: list[tuple[str, Callable[[Spent], str]]] = [
        ("wall s", lambda run: f"{run.wall:.2f}"),
        ("beside the limit", lambda run: f"{run.wall / limit.wall:.2f} ×"),
        ("CPU s of the workers", lambda run: f"{run.cpu:.2f}"),
        ("beside the limit", lambda run: f"{run.cpu / limit.cpu:.2f} ×"),
        ("CPU s of the database", lambda run: f"{run.database:.2f}"),
        ("memory MB", lambda run: f"{run.memory:.0f}"),
        ("commits", lambda run: f"{run.commits:.0f}"),
        ("calls", lambda run: f"{run.calls:.0f}"),
        ("at once", lambda run: f"{run.most:.0f}"),
        ("scored", lambda run: f"{run.scored:.0f}"),
        ("answered twice", lambda run: f"{run.again:.0f}"),
    ]
    say("", f"| {title} | " + " | ".join(name for name, _ in columns) + " |")
    say("|---|" + "---|" * len(columns))
    for label, run in runs.items():
        say(f"| {label} | " + " | ".join(shown(run) for _, shown in columns) + " |")


def _again(start: Start, size: int) -> None:
    """A second run of a draft that has not changed."""
    with servers.model_server(WARM_UP_LATENCY_SECONDS) as url, start(url) as contender:
        contender.prepare(stage.texts(size, "again"))
        contenders.follow(contender, *contender.submit(), longest=60 + size)
        calls = servers.log_of(url)["requests"]
        began = time.perf_counter()
        contenders.follow(contender, *contender.submit(), longest=60)
        wall = time.perf_counter() - began
        more = servers.log_of(url)["requests"] - calls
        say(
            "", f"The same {size:,} again: {wall:.2f} s, {more} calls, {contender.scored()} scored."
        )


def _shared(starts: dict[str, Start], rubric: Rubric, size: int) -> None:
    """How much of what prompts could share the server found shared."""
    from tests.servers import answers
    from tests.servers.tokens import tokens

    say("", "| model | the first call | shared, of all tokens | of what could be shared |")
    say("|---|---|---|---|")
    for model, start in starts.items():
        with servers.model_server(LATENCY_SECONDS) as url, start(url) as contender:
            contender.prepare(stage.texts(size, f"shared {model}"))
            contenders.follow(contender, *contender.submit(), longest=60 + size)
            log = servers.log_of(url)
        prompt_text = prompt.scoring(rubric)
        begin = f"<{prompt_text.block}>\n"
        body = prompt_text.body(model, "json_schema", [{"role": "user", "content": begin}])
        could = (log["answered"] - 1) * tokens(answers.prompt(body))
        first = "goes alone" if catalogue.facts(model).warms else "goes with the others"
        say(
            f"| {model} | {first} | {log['cached_tokens'] / log['prompt_tokens']:.1%} "
            f"| {log['cached_tokens'] / could:.1%} |"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
