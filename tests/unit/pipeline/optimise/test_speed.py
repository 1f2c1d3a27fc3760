"""Calls are timed in turns."""

from functools import partial
from itertools import count

from pipeline.optimise.speed import latencies, throughput


def test_models_take_turns() -> None:
    """Ten calls each, after ten that do not count; every picture has its turn."""
    asked: list[str] = []
    calls = {name: [partial(asked.append, f"{name}{i}") for i in range(2)] for name in "ab"}

    latencies(calls, 20)

    turns = [
        "".join(dict.fromkeys(name[0] for name in asked[i : i + 10])) for i in range(0, 60, 10)
    ]
    assert turns == ["a", "b", "a", "b", "a", "b"]
    assert asked.count("a0") == asked.count("a1") == 15


def test_percentiles_are_of_the_timed_calls() -> None:
    """A clock that ticks once a look makes every call a second long."""
    ticks = count()

    result = latencies({"a": [lambda: None]}, 3, clock=lambda: float(next(ticks)))

    assert (result["a"].p50, result["a"].p99) == (1.0, 1.0)


def test_throughput_counts_the_calls_of_all_callers() -> None:
    """Three callers with four calls each in two seconds are six a second."""
    times = iter([0.0, 2.0])
    asked: list[int] = []

    rate = throughput([[lambda: asked.append(1)]] * 3, 4, clock=lambda: next(times))

    assert rate == 6.0
    assert len(asked) == 3 + 12
