"""Several servers: which one is asked, and which one is left alone."""

from collections.abc import Callable

import pytest

from serving_client import Target
from serving_client._endpoints import Endpoint, Endpoints

A, B, C = (Target(f"{name}:1") for name in "abc")


class Clock:
    """A time that only the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def longest(_: float, high: float) -> float:
    return high


def make(
    clock: Clock, *targets: Target, uniform: Callable[[float, float], float] = longest
) -> Endpoints:
    return Endpoints(targets, uniform, clock)


def fail(endpoints: Endpoints, target: Target, times: int) -> None:
    """Lets attempts fail, at one server of those that are asked."""
    while times:
        taken = endpoints.take()
        if taken.target == target:
            endpoints.failed(taken)
            times -= 1
        else:
            endpoints.gave_up(taken)
            taken.in_flight += 1  # keeps the choice away from it
    for each in endpoints._all:
        each.in_flight = 0


def choices(endpoints: Endpoints, times: int) -> list[Target]:
    """Who is asked, if nobody answers meanwhile."""
    return [endpoints.take().target for _ in range(times)]


def test_fewest_under_way_is_asked(clock: Clock) -> None:
    """Attempts spread evenly while none ends, and go where one has ended."""
    endpoints = make(clock, A, B, C)
    first = [endpoints.take() for _ in range(6)]
    counts = {target: [each.target for each in first].count(target) for target in (A, B, C)}
    busy = next(each for each in first if each.target == B)

    endpoints.succeeded(busy)

    assert counts == {A: 2, B: 2, C: 2}
    assert endpoints.take().target == B


def test_ties_are_broken_at_random(clock: Clock) -> None:
    """Where several have as little to do, the drawn number decides, not the order."""
    drawn = iter([0.9, 0.1, 0.5])
    endpoints = make(clock, A, B, C, uniform=lambda _, __: next(drawn))

    chosen = endpoints.take().target

    assert chosen == B


def test_others_are_preferred_to_those_to_avoid(clock: Clock) -> None:
    """A server that just failed is asked again only if there is no other."""
    endpoints = make(clock, A, B)
    first = endpoints.take()
    second = endpoints.take(avoid=[first])
    endpoints.gave_up(first)

    third = endpoints.take(avoid=[first, second])

    assert {first.target, second.target} == {A, B}
    assert third.target == first.target


@pytest.mark.parametrize(("failures", "is_left_out"), [(2, False), (3, True)])
def test_three_failures_in_a_row_leave_a_server_out(
    clock: Clock, failures: int, *, is_left_out: bool
) -> None:
    """Two may be bad luck; after three all attempts go elsewhere."""
    endpoints = make(clock, A, B)

    fail(endpoints, A, failures)

    assert (A not in choices(endpoints, 10)) is is_left_out


def test_success_in_between_starts_the_count_anew(clock: Clock) -> None:
    """Only failures in a row count."""
    endpoints = make(clock, A)
    for _ in range(5):
        fail(endpoints, A, 2)
        endpoints.succeeded(endpoints.take())

    assert endpoints.take_parted() == ()


def test_giving_up_is_no_verdict(clock: Clock) -> None:
    """Attempts that were cancelled leave a server neither better nor worse."""
    endpoints = make(clock, A)
    fail(endpoints, A, 2)

    for _ in range(10):
        endpoints.gave_up(endpoints.take())
    fail(endpoints, A, 1)

    assert endpoints.take_parted() == (A,)


def left_out_s(endpoints: Endpoints, clock: Clock) -> float:
    """How long A is left out, from now on; moves the clock there."""
    start = clock.now
    while endpoints.take(avoid=()).target != A:
        for each in endpoints._all:
            each.in_flight = 0
        clock.now += 0.25
    return clock.now - start


def test_absence_doubles_up_to_thirty_seconds(clock: Clock) -> None:
    """A server whose first attempt after its return fails stays away twice as long."""
    endpoints = make(clock, A, B)
    fail(endpoints, A, 3)
    absences = []

    for _ in range(7):
        absences.append(left_out_s(endpoints, clock))
        (a,) = (each for each in endpoints._all if each.target == A)
        endpoints.failed(a)

    assert absences == [1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(("drawn", "absence_s"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_absence_is_drawn_from_its_upper_half(clock: Clock, drawn: float, absence_s: float) -> None:
    """Clients that lost a server at the same time come back at different times."""
    endpoints = make(clock, A, B, uniform=lambda low, high: low + drawn * (high - low))
    for each in endpoints._all[:1]:
        for _ in range(3):
            each.in_flight += 1
            endpoints.failed(each)

    absent_s = left_out_s(endpoints, clock)

    assert absent_s == absence_s


def test_many_failures_of_one_cause_count_once(clock: Clock) -> None:
    """If ten attempts are under way when a server goes away, it is not left out for long."""
    endpoints = make(clock, A)
    under_way = [endpoints.take() for _ in range(10)]

    for each in under_way:
        endpoints.failed(each)

    assert under_way[0].ejections == 1
    assert under_way[0].returns_at == clock.now + 1
    assert under_way[0].in_flight == 0


def test_trust_grows_with_each_success(clock: Clock) -> None:
    """A server that is back gets one attempt at a time, after a success two, then four."""
    endpoints = make(clock, A, B)
    fail(endpoints, A, 3)
    clock.now += 1
    (a,) = (each for each in endpoints._all if each.target == A)
    trusted = []

    for _ in range(4):
        taken = choices(endpoints, 40)
        trusted.append(taken.count(A))
        for each in endpoints._all:
            each.in_flight = 0
        a.in_flight += 1
        endpoints.succeeded(a)

    assert trusted == [1, 2, 4, 8]


def test_trust_is_full_again_after_some_time(clock: Clock) -> None:
    """After enough successes a server is like any other, and takes three failures again."""
    endpoints = make(clock, A)
    fail(endpoints, A, 3)
    clock.now += 1
    for _ in range(11):
        endpoints.succeeded(endpoints.take())
    endpoints.take_parted()

    fail(endpoints, A, 2)

    assert endpoints.take_parted() == ()


def test_all_left_out_means_the_first_to_return_is_asked(clock: Clock) -> None:
    """An attempt can only win, so there is always a server to ask."""
    endpoints = make(clock, A, B)
    fail(endpoints, A, 3)
    clock.now += 0.5
    fail(endpoints, B, 3)

    assert choices(endpoints, 3) == [A, A, A]


def test_left_out_server_is_asked_when_all_others_just_failed(clock: Clock) -> None:
    """It may be back already, and they are surely not what this call needs."""
    endpoints = make(clock, A, B, C)
    fail(endpoints, B, 3)
    first = endpoints.take()
    second = endpoints.take(avoid=[first])
    endpoints.failed(first)
    endpoints.failed(second)

    third = endpoints.take(avoid=[first, second])

    assert {first.target, second.target} == {A, C}
    assert third.target == B


def test_replaced_servers_keep_what_is_known(clock: Clock) -> None:
    """Addresses that stay are still left out, new ones are asked, old ones are parted from."""
    endpoints = make(clock, A, B)
    fail(endpoints, A, 3)
    endpoints.take_parted()

    endpoints.replace([A, C])

    assert endpoints.targets == (A, C)
    assert endpoints.take_parted() == (B,)
    assert endpoints.take_parted() == ()
    assert set(choices(endpoints, 5)) == {C}


def test_attempts_at_replaced_servers_may_still_end(clock: Clock) -> None:
    """An attempt that ends after its server was replaced disturbs nobody."""
    endpoints = make(clock, A)
    taken = endpoints.take()
    endpoints.replace([B])
    endpoints.replace([A])

    endpoints.succeeded(taken)

    assert [each.in_flight for each in endpoints._all] == [0]


def test_forked_child_has_nothing_under_way(clock: Clock) -> None:
    """What the threads of the parent had under way does not count in the child."""
    endpoints = make(clock, A, B)
    fail(endpoints, A, 3)
    endpoints._lock.acquire()
    lost: Endpoint = endpoints._all[1]
    lost.in_flight = 5

    endpoints.renew()

    assert choices(endpoints, 2) == [B, B]
    assert lost.in_flight == 5
