"""Fewer calls are in flight after refusals, more after answers."""

import asyncio
import time
from contextlib import AsyncExitStack
from types import SimpleNamespace

import pytest

from candidates.scoring.engines.pace import (
    MAX_SERVER_PAUSE_SECONDS,
    Pace,
    Paused,
    duration,
    exhausted,
)


@pytest.fixture
def frozen_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pace for which no time passes."""
    monkeypatch.setattr(
        "candidates.scoring.engines.pace.time", SimpleNamespace(monotonic=lambda: 1_000.0)
    )


def test_no_more_are_let_in_than_there_are_places() -> None:
    async def run() -> int:
        pace, highest = Pace(3), 0

        async def call() -> None:
            nonlocal highest
            async with pace.place():
                highest = max(highest, pace.in_flight)
                await asyncio.sleep(0)

        await asyncio.gather(*(call() for _ in range(20)))
        assert pace.in_flight == 0
        return highest

    assert asyncio.run(run()) == 3


def test_a_storm_halves_once_a_round_and_success_grows_back() -> None:
    async def run() -> None:
        pace = Pace(64)
        async with AsyncExitStack() as stack:
            starts = [await stack.enter_async_context(pace.place()) for _ in range(64)]
            for started_at in starts:
                pace.record_refusal(started_at, 0.0)
        assert 20 <= pace.places <= 32
        low = pace.places
        for _ in range(4):  # rounds
            for _ in range(int(pace.places)):
                pace.record_success(time.monotonic(), {})
        assert low + 10 <= pace.places <= 64

    asyncio.run(run())


def test_a_refusal_now_and_then_costs_little() -> None:
    async def run() -> float:
        pace = Pace(64)
        for number in range(2_000):
            async with pace.place() as started_at:
                if number % 20:
                    pace.record_success(started_at, {})
                else:
                    pace.record_refusal(started_at, 1.0)
        assert not pace.pause_left()
        return pace.places

    assert asyncio.run(run()) > 56


@pytest.mark.parametrize(
    ("slots", "answer_seconds", "limit_seconds", "most_timed_out"),
    [(1, 60.0, 600.0, 0.05), (1, 300.0, 600.0, 0.1), (4, 30.0, 100.0, 0.05), (64, 60.0, 600.0, 0)],
)
def test_a_server_with_few_slots_is_not_given_more_than_it_answers_in_time(
    monkeypatch: pytest.MonkeyPatch,
    slots: int,
    answer_seconds: float,
    limit_seconds: float,
    most_timed_out: float,
) -> None:
    """Calls wait in the server's queue; one that waits for too long times out and is repeated."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(
        "candidates.scoring.engines.pace.time", SimpleNamespace(monotonic=lambda: clock.now)
    )

    async def run() -> list[bool]:
        pace = Pace(32)
        free_at = [0.0] * slots
        calls: list[tuple[float, float, bool, AsyncExitStack]] = []  # end, start, whether answered
        timed_out: list[bool] = []
        while len(timed_out) < 400:
            while pace.in_flight < int(pace.places):
                stack = AsyncExitStack()
                started_at = await stack.enter_async_context(pace.place())
                slot = min(range(slots), key=free_at.__getitem__)
                answered_at = max(clock.now, free_at[slot]) + answer_seconds
                is_answered = answered_at - clock.now <= limit_seconds
                if is_answered:
                    free_at[slot] = answered_at
                end = answered_at if is_answered else clock.now + limit_seconds
                calls.append((end, started_at, is_answered, stack))
            calls.sort(key=lambda call: call[0])
            end, started_at, is_answered, stack = calls.pop(0)
            clock.now = end
            if is_answered:
                pace.record_success(started_at, {})
            else:
                pace.record_timeout(started_at)
            timed_out.append(not is_answered)
            await stack.aclose()
        return timed_out

    late = asyncio.run(run())[200:]

    assert sum(late) / len(late) <= most_timed_out


@pytest.mark.usefixtures("frozen_clock")
def test_a_long_pause_that_is_asked_for_holds_for_all() -> None:
    async def run() -> None:
        pace = Pace(8, hold=0.5)
        async with pace.place() as started_at:
            pace.record_refusal(started_at, 99_999.0)
        assert pace.pause_left() == MAX_SERVER_PAUSE_SECONDS
        with pytest.raises(Paused) as paused:
            async with pace.place():
                pass
        assert paused.value.seconds == MAX_SERVER_PAUSE_SECONDS

    asyncio.run(run())


def test_waiting_calls_are_refused_when_a_long_pause_begins() -> None:
    async def run() -> None:
        pace = Pace(1, hold=0.5)

        async def call() -> None:
            async with pace.place():
                pass

        async with pace.place():
            waiting = asyncio.create_task(call())
            await asyncio.sleep(0)
            pace.pause(60.0)
        with pytest.raises(Paused):
            await waiting

    asyncio.run(run())


def test_a_short_pause_is_waited_for() -> None:
    async def run() -> float:
        pace = Pace(4)
        started_at = time.monotonic()
        pace.pause(0.1)
        async with pace.place():
            return time.monotonic() - started_at

    assert asyncio.run(run()) >= 0.1


def test_a_retried_call_goes_first() -> None:
    async def run() -> list[str]:
        pace, order = Pace(1), []

        async def call(name: str, *, again: bool) -> None:
            async with pace.place(again=again):
                order.append(name)

        async with pace.place():
            tasks = [asyncio.create_task(call("new", again=False)) for _ in range(2)]
            tasks.append(asyncio.create_task(call("again", again=True)))
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(run()) == ["again", "new", "new"]


def test_a_cancelled_wait_leaves_no_hole() -> None:
    async def run() -> None:
        pace = Pace(1)

        async def call() -> None:
            async with pace.place():
                pass

        async with pace.place():
            tasks = [asyncio.create_task(call()) for _ in range(3)]
            await asyncio.sleep(0)
            tasks[0].cancel()
        tasks[1].cancel()  # it was let in at this moment
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not tasks[2].cancelled()
        assert pace.in_flight == 0

    asyncio.run(run())


@pytest.mark.usefixtures("frozen_clock")
def test_a_limit_that_is_used_up_pauses_until_it_is_free() -> None:
    async def run() -> float:
        pace = Pace(4)
        pace.record_success(
            time.monotonic(),
            {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20s"},
        )
        return pace.pause_left()

    assert asyncio.run(run()) == 20


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("20ms", 0.02),
        ("6m0s", 360),
        ("1h2m3.5s", 3723.5),
        ("7.66s", 7.66),
        ("12", 12),
        ("", 0),
        ("soon", 0),
        ("-3", 0),
        ("inf", 0),
        ("9e99", MAX_SERVER_PAUSE_SECONDS),
    ],
)
def test_a_duration_is_read_as_servers_write_it(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


def test_a_limit_with_room_left_asks_for_nothing() -> None:
    headers = {"x-ratelimit-remaining-tokens": "10", "x-ratelimit-reset-tokens": "9s"}

    assert exhausted(headers) == 0


def test_a_pace_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="whole number from 1"):
        Pace(0)
