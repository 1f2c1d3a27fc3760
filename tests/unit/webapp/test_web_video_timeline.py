"""What a video shows over time: from looks to lanes, marks, ticks and rows of a table."""

import re

import pytest

from webapp.presentation.video_timeline import HEIGHT, WIDTH, Look, Timeline


def timeline(*counts: dict[str, int], step_s: float = 1.0, duration_s: float | None) -> Timeline:
    looks = [Look(index * step_s, each) for index, each in enumerate(counts)]
    return Timeline.of(looks, duration_s=duration_s, step_s=step_s)


def spans(made: Timeline) -> list[tuple[float, float, dict[str, int]]]:
    return [(step.from_s, step.to_s, dict(step.counts)) for step in made.steps]


def test_nothing_looked_at_draws_nothing() -> None:
    """A video of which no moment was looked at has an axis, and nothing on it."""
    made = timeline(duration_s=10.0)

    assert (made.steps, made.lanes, made.marks) == ((), (), ())
    assert made.duration_s == 10.0


def test_nothing_found_is_one_quiet_step() -> None:
    """Where nothing is found, the table has one row, and no lane is drawn."""
    made = timeline({}, {}, {}, duration_s=3.0)

    assert spans(made) == [(0.0, 3.0, {})]
    assert (made.lanes, made.marks) == ((), ())


@pytest.mark.parametrize("duration_s", [None, 0.0])
def test_video_of_unknown_length_ends_after_its_last_look(duration_s: float | None) -> None:
    """Where the file does not say how long it is, the axis ends where the last look does."""
    made = timeline({"dog": 1}, {"dog": 1}, duration_s=duration_s)

    assert made.duration_s == 2.0
    assert spans(made) == [(0.0, 2.0, {"dog": 1})]


def test_look_speaks_for_no_more_than_a_step() -> None:
    """Between looks that are far apart there is a gap, in which nothing is claimed."""
    looks = [Look(0.0, {"dog": 1}), Look(10.0, {"dog": 1})]

    made = Timeline.of(looks, duration_s=20.0, step_s=1.0)

    assert spans(made) == [(0.0, 1.0, {"dog": 1}), (9.0, 11.0, {"dog": 1})]
    assert made.lanes[0].seen_s == 3.0
    assert len(made.marks) == 2


def test_uneven_looks_meet_in_the_middle() -> None:
    """Videos of changing frame rate have no gaps and no overlaps, whatever floats make of them."""
    moments = [0.0, 0.1, 0.30000000000000004, 0.7, 0.7999999999999999]
    looks = [Look(moment, {"dog": index % 2}) for index, moment in enumerate(moments)]

    made = Timeline.of(looks, duration_s=0.9, step_s=0.4)

    ends = [step.to_s for step in made.steps]
    assert [step.from_s for step in made.steps] == [0.0, *ends[:-1]]
    assert ends[-1] == 0.9


def test_lanes_are_ordered_by_how_long_they_are_seen() -> None:
    """What is seen longest is on top; the same time goes by name."""
    made = timeline({"cat": 1, "ant": 1}, {"dog": 5}, {"dog": 5}, duration_s=3.0)

    assert [lane.label for lane in made.lanes] == ["dog", "ant", "cat"]
    assert [lane.most for lane in made.lanes] == [5, 1, 1]
    assert [lane.first_s for lane in made.lanes] == [1.0, 0.0, 0.0]


def test_path_rises_where_something_appears() -> None:
    """The line runs along the lower edge until the object comes, and stays in its drawing."""
    lane = timeline({}, {"dog": 1}, {"dog": 2}, {}, duration_s=4.0).lanes[0]

    assert lane.line == "M0 40 V40 H125 V21.5 H375 V3 H625 V40 H1000"
    assert lane.area == "M0 40 L0 40 V40 H125 V21.5 H375 V3 H625 V40 H1000 V40 Z"
    numbers = [float(number) for number in re.findall(r"[\d.]+", lane.line)]
    assert max(numbers) <= WIDTH
    assert HEIGHT == 40


def test_marks_cover_what_is_seen() -> None:
    """One mark runs through everything that follows without a break, whichever it is."""
    made = timeline({"dog": 1}, {"cat": 1}, {}, {"dog": 1}, {}, duration_s=5.0)

    assert [(mark.x, mark.width) for mark in made.marks] == [(0.0, 300.0), (500.0, 200.0)]


def test_short_appearance_in_a_long_video_can_be_seen() -> None:
    """A moment of an hour still has a mark wide enough to be seen."""
    looks = [Look(0.0, {"dog": 1}), Look(0.25, {})]

    made = Timeline.of(looks, duration_s=3600.0, step_s=0.25)

    assert made.marks[0].width == 2.0


def test_long_video_is_drawn_with_few_points() -> None:
    """An hour of looks becomes a path and a table of bearable length that hide no peak."""
    counts = [{"dog": 3 if index == 7777 else index % 2} for index in range(14_400)]

    made = timeline(*counts, step_s=0.25, duration_s=3600.0)

    assert len(made.steps) <= 400
    assert made.lanes[0].most == 3
    assert len(made.lanes[0].line) < 10_000


@pytest.mark.parametrize(
    ("duration_s", "named"),
    [
        (0.2, [0.0]),
        (4.0, [0.0, 1.0, 2.0, 3.0, 4.0]),
        (65.0, [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]),
        (100_000.0, [0.0, 100_000.0]),
    ],
)
def test_axis_names_round_moments(duration_s: float, named: list[float]) -> None:
    """The axis has a handful of round moments, from its start on."""
    ticks = timeline(duration_s=duration_s).ticks

    assert [tick.moment_s for tick in ticks] == named
    assert ticks[0].percent == 0.0
    assert ticks[-1].percent <= 100.0
