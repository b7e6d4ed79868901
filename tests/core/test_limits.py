"""The limiter holds in every sliding window, for any pattern of calls, threads and loops."""

from __future__ import annotations

import asyncio
import threading
import time
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciokit.core.clock import FakeClock, SystemClock
from ciokit.core.limits import SlidingWindow


def most_in_a_window(times: list[float], seconds: float) -> int:
    """The most grants in any half-open window of this length."""
    return max((index - bisect_left(times, at - seconds + 1e-9) + 1 for index, at in enumerate(times)), default=0)


def spend(window: SlidingWindow, clock: FakeClock) -> float:
    """Take one grant on a fake clock and return when it came."""
    for wait in window.acquire(clock.now):
        clock.sleep(wait.seconds)
    return clock.now()


@given(
    limit=st.integers(1, 7),
    pauses=st.lists(st.floats(0, 2, allow_nan=False), min_size=1, max_size=60),
)
def test_no_window_holds_more_than_the_limit(limit: int, pauses: list[float]) -> None:
    """However calls are spaced, no window of one second has more than the limit."""
    clock, window = FakeClock(), SlidingWindow(limit, 1.0)
    times: list[float] = []
    for pause in pauses:
        clock.time += pause
        times.append(spend(window, clock))
    assert most_in_a_window(times, 1.0) <= limit


def test_an_idle_start_lets_the_whole_limit_through_at_once() -> None:
    """The first calls wait for nothing; the next waits for a whole window."""
    clock, window = FakeClock(), SlidingWindow(3, 3.0, slack=0)
    times = [spend(window, clock) for _ in range(4)]
    assert times == [1000.0, 1000.0, 1000.0, 1003.0]


def test_at_full_speed_it_reaches_98_percent_of_the_allowed_rate() -> None:
    """The margin for jitter costs less than two percent."""
    clock, window = FakeClock(), SlidingWindow(10, 1.0)
    for _ in range(1000):
        spend(window, clock)
    assert 1000 / (clock.now() - 1000.0) >= 9.8


def test_a_late_start_is_counted_when_it_happened() -> None:
    """A caller that overslept does not let the next round start early."""
    clock, window = FakeClock(), SlidingWindow(1, 1.0, slack=0)
    spend(window, clock)
    waiting = window.acquire(clock.now)
    clock.time += next(waiting).seconds + 5
    assert next(waiting, None) is None
    overslept_until = clock.now()
    assert spend(window, clock) >= overslept_until + 1.0


def test_an_abandoned_wait_takes_no_slot() -> None:
    """A cancelled caller leaves the limit as it was."""
    clock, window = FakeClock(), SlidingWindow(1, 1.0, slack=0)
    first = spend(window, clock)
    waiting = window.acquire(clock.now)
    next(waiting)
    waiting.close()
    assert spend(window, clock) == first + 1.0


def test_threads_share_one_limit() -> None:
    """Eight threads together stay within the limit in real time."""
    window, times, guard = SlidingWindow(20, 0.2), [], threading.Lock()

    def work() -> None:
        for _ in range(10):
            for wait in window.acquire(time.monotonic):
                threading.Event().wait(wait.seconds)
            with guard:
                times.append(time.monotonic())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    granted = sorted(at for at in window._granted if at > 0)
    assert len(times) == 80
    assert len(granted) == 20
    assert max(times) - min(times) >= 3 * 0.2


def test_tasks_share_one_limit_with_more_waiters_than_slots() -> None:
    """Fifty tasks on a limit of five are served without starving, within the limit."""

    async def run() -> list[float]:
        clock, window, times = FakeClock(), SlidingWindow(5, 1.0, slack=0), []

        async def work() -> None:
            for wait in window.acquire(clock.now):
                await clock.asleep(wait.seconds)
            times.append(clock.now())

        await asyncio.gather(*(work() for _ in range(50)))
        return times

    times = asyncio.run(run())
    assert len(times) == 50
    assert most_in_a_window(sorted(times), 1.0) <= 5


def test_many_waiting_tasks_are_served_in_turn_and_sleep_meanwhile() -> None:
    """A hundred tasks on a slow limit wake up about once a window each, and none gets in far before its turn."""
    clock, window, waits, served = SystemClock(), SlidingWindow(10, 0.1), [], []

    async def work(number: int) -> None:
        for wait in window.acquire(clock.now):
            waits.append(wait.seconds)
            await clock.asleep(wait.seconds)
        served.append(number)

    async def run() -> None:
        await asyncio.gather(*(work(number) for number in range(100)))

    asyncio.run(run())
    assert max(abs(place - number) for place, number in enumerate(served)) <= 20
    assert len(waits) < 100 * 10


def test_those_who_give_up_do_not_hold_up_who_stays() -> None:
    """After most of a long queue is cancelled, the last one waits for a window or two and not for the whole queue."""
    clock, window = FakeClock(), SlidingWindow(2, 1.0, slack=0)
    spend(window, clock)
    spend(window, clock)
    queue = [window.acquire(clock.now) for _ in range(100)]
    for waiting in queue:
        next(waiting)
    for waiting in queue[1:-1]:
        waiting.close()
    for waiting in (queue[0], queue[-1]):
        for wait in waiting:
            clock.sleep(wait.seconds)
    assert clock.now() <= 1002.0


def test_a_newcomer_does_not_overtake_who_waits() -> None:
    """A free place goes to the one who waited for it, also if it has not woken up yet."""
    clock, window = FakeClock(), SlidingWindow(1, 1.0, slack=0)
    spend(window, clock)
    first = window.acquire(clock.now)
    clock.time += next(first).seconds
    second = window.acquire(clock.now)
    assert next(second).seconds > 0
    assert next(first, None) is None


@pytest.mark.parametrize(("requests", "seconds"), [(0, 1.0), (1, 0.0)])
def test_a_limit_that_lets_nothing_through_is_refused(requests: int, seconds: float) -> None:
    """A limiter that could never grant is a mistake at once, not a hang later."""
    with pytest.raises(ValueError, match="at least 1 request"):
        SlidingWindow(requests, seconds)
