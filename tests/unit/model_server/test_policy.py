"""Which versions to serve, and what to load or unload next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_server.policy import (
    Action,
    All,
    AspiredState,
    Latest,
    ServableVersionPolicy,
    Specific,
    Verb,
    next_action,
)
from model_server.servable import State


@pytest.mark.parametrize(
    ("policy", "found", "chosen"),
    [
        (Latest(), set(), set()),
        (All(), set(), set()),
        (Specific(frozenset()), {1, 2}, set()),
        (Specific(frozenset({7})), {1, 2}, set()),
        (Specific(frozenset({2, 7})), {1, 2}, {2}),
        (Latest(), {9, 10}, {10}),
        (Latest(2), {3}, {3}),
        (Latest(2), {1, 2, 3}, {2, 3}),
        (Latest(), {0}, {0}),
        (All(), {1, 5}, {1, 5}),
    ],
)
def test_a_version_policy_chooses_among_what_was_found(
    policy: ServableVersionPolicy, found: set[int], chosen: set[int]
) -> None:
    """Policies never choose a version that does not exist, and compare versions as numbers."""
    result = policy.choose(found)

    assert result == chosen


def test_latest_refuses_to_serve_no_version() -> None:
    """A number of versions below one is a mistake, not a wish."""
    with pytest.raises(ValueError, match="at least 1, got 0"):
        Latest(0)


ASPIRED, LEFTOVER = True, False


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        # Nothing to do.
        ([], None),
        ([(1, State.AVAILABLE, ASPIRED)], None),
        ([(1, State.END, ASPIRED)], None),
        ([(1, State.LOADING, ASPIRED)], None),
        ([(1, State.UNLOADING, LEFTOVER)], None),
        ([(1, State.LOADING, LEFTOVER)], None),
        # The old version stays while the new one is not available.
        ([(1, State.AVAILABLE, LEFTOVER), (2, State.START, ASPIRED)], (Verb.LOAD, 2)),
        ([(1, State.AVAILABLE, LEFTOVER), (2, State.LOADING, ASPIRED)], None),
        ([(1, State.AVAILABLE, LEFTOVER), (2, State.END, ASPIRED)], None),
        ([(1, State.AVAILABLE, LEFTOVER), (2, State.UNLOADING, ASPIRED)], None),
        ([(1, State.AVAILABLE, LEFTOVER), (2, State.AVAILABLE, ASPIRED)], (Verb.UNLOAD, 1)),
        # Going back is the same.
        ([(2, State.AVAILABLE, LEFTOVER), (1, State.START, ASPIRED)], (Verb.LOAD, 1)),
        ([(2, State.AVAILABLE, LEFTOVER), (1, State.AVAILABLE, ASPIRED)], (Verb.UNLOAD, 2)),
        # Nothing is aspired any more.
        ([(1, State.AVAILABLE, LEFTOVER), (2, State.AVAILABLE, LEFTOVER)], (Verb.UNLOAD, 1)),
        ([(1, State.AVAILABLE, LEFTOVER)], (Verb.UNLOAD, 1)),
        # One leftover is enough to bridge the gap.
        (
            [
                (1, State.AVAILABLE, LEFTOVER),
                (2, State.AVAILABLE, LEFTOVER),
                (3, State.LOADING, ASPIRED),
            ],
            (Verb.UNLOAD, 1),
        ),
        # The highest new version first.
        ([(1, State.START, ASPIRED), (2, State.START, ASPIRED)], (Verb.LOAD, 2)),
        ([(1, State.START, ASPIRED), (2, State.LOADING, ASPIRED)], (Verb.LOAD, 1)),
        ([(1, State.START, LEFTOVER)], None),
    ],
)
def test_the_next_action_preserves_availability(
    versions: list[tuple[int, State, bool]], expected: tuple[Verb, int] | None
) -> None:
    """The policy loads before it unloads, and does nothing rather than lose the last version."""
    states = [AspiredState(*each) for each in versions]

    action = next_action(states)

    assert action == (Action(*expected) if expected else None)


@given(
    st.dictionaries(st.integers(0, 9), st.tuples(st.sampled_from(State), st.booleans()), max_size=6)
)
def test_the_last_available_version_survives_while_one_is_aspired(
    versions: dict[int, tuple[State, bool]],
) -> None:
    """Whatever the states, an unload leaves an available version if any version is aspired."""
    states = [AspiredState(n, state, aspired) for n, (state, aspired) in versions.items()]

    action = next_action(states)

    if action and action.verb is Verb.UNLOAD and any(each.aspired for each in states):
        left = [s for s in states if s.state is State.AVAILABLE and s.version != action.version]
        assert left
