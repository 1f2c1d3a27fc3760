"""Where the knee of a curve is, on curves of which it is known."""

import random

import pytest

from stress import Knee, Point, Sign, find_knee

LOADS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


def servers(load: float, count: int, service_s: float = 0.1) -> Point:
    """A closed loop on so many servers, each of which takes the same time for every call."""
    return Point(load, min(load, count) / service_s, service_s * max(1.0, load / count))


def queue(load: float, capacity_per_s: float = 100.0) -> Point:
    """An open loop on an M/M/1 queue, whose latency's 95th percentile is 3 times the mean."""
    return Point(load, load, 3.0 / (capacity_per_s - load))


def load_of(knee: Knee | None) -> float | None:
    return knee.load if knee else None


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([], None),
        ([Point(1, 10, 0.1)], None),
        ([Point(1, 0, float("nan"), 1.0), Point(2, 0, float("nan"), 1.0)], None),
        ([servers(load, 1) for load in LOADS], 1),
        ([servers(load, 4) for load in LOADS], 4),
        ([servers(load, 5) for load in LOADS], 4),
        ([servers(load, 1000) for load in LOADS], None),
        ([Point(load, 50, 0.1) for load in LOADS], None),
        ([Point(load, 50 / load, 0.1 * load) for load in LOADS], 1),
    ],
    ids=[
        "nothing", "single step", "no answer", "one server", "four servers", "five servers",
        "more servers than callers", "flat", "falling",
    ],
)  # fmt: skip
def test_knee_of_a_curve(points: list[Point], expected: float | None) -> None:
    """A knee is at the last load that all servers still work off at once, and only if it shows."""
    assert load_of(find_knee(points)) == expected


def test_queue_has_its_knee_at_half_of_its_capacity() -> None:
    """As Kleinrock works it out; up to 90 of 100 its power falls by two thirds."""
    knee = find_knee([queue(load) for load in (10, 20, 30, 40, 50, 70, 80, 90)])

    assert knee is not None
    assert (knee.load, knee.per_s, knee.sign) == (50, 50, Sign.LATENCY)
    assert knee.p95_s == pytest.approx(0.06)


def test_curve_that_ends_before_its_knee_has_none() -> None:
    """A queue at less than half of its capacity shows no knee."""
    assert find_knee([queue(load) for load in (10, 20, 30, 40)]) is None


@pytest.mark.parametrize("seed", range(20))
def test_noise_of_a_few_percent_moves_the_knee_by_no_step(seed: int) -> None:
    """Measurements scatter, and the answer is the same."""
    chance = random.Random(seed)  # noqa: S311  noise

    def noisy(point: Point) -> Point:
        shake = [chance.uniform(0.97, 1.03) for _ in range(2)]
        return Point(point.load, point.per_s * shake[0], point.p95_s * shake[1])

    assert load_of(find_knee([noisy(servers(load, 4)) for load in LOADS])) == 4


@pytest.mark.parametrize("seed", range(20))
def test_noise_alone_is_no_knee(seed: int) -> None:
    """A curve that only scatters has none."""
    chance = random.Random(seed)  # noqa: S311  noise
    points = [Point(load, 50, 0.1 * chance.uniform(0.95, 1.05)) for load in LOADS]

    assert find_knee(points) is None


def test_system_that_turns_calls_away_has_its_knee_before_that() -> None:
    """Refusals keep latency low, and are no sign of health."""
    knee = find_knee([Point(1, 10, 0.1), Point(2, 20, 0.1), Point(4, 20, 0.1, 0.5)])

    assert knee is not None
    assert (knee.load, knee.sign) == (2, Sign.ERRORS)


def test_system_that_answers_nothing_at_last_has_its_knee_before_that() -> None:
    """A step without any answer counts, too."""
    knee = find_knee([Point(1, 10, 0.1), Point(2, 0, float("nan"), 1.0)])

    assert knee is not None
    assert (knee.load, knee.sign) == (1, Sign.ERRORS)
