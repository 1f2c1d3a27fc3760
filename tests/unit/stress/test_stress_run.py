"""Runs against targets of the test's own, their reports, and what they look like."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from serving_client import RpcContext, Timings, UnavailableError
from serving_client.bench import FailedCallError
from stress import (
    By,
    End,
    Histogram,
    Live,
    Outcome,
    ReportError,
    StressPlan,
    StressReport,
    StressRun,
    Subject,
    Way,
    histogram_chart,
    render_page,
)

TIMINGS = Timings(0.0, 0.001, 0.0, 0.001, 1)
AWAY = UnavailableError("nobody there", RpcContext("Predict", "127.0.0.1:1"))


def answer(_number: int) -> Timings:
    return TIMINGS


def plan(*loads: float, count: int | None = 10, **fields: Any) -> StressPlan:
    return StressPlan(loads=loads, step_s=fields.pop("step_s", 20.0), count=count, **fields)


@pytest.fixture(autouse=True)
def no_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for servers that need no warming."""
    monkeypatch.setattr(StressPlan, "warm_up_s", 0.0)


def report_of(outcome: Outcome, plan: StressPlan) -> StressReport:
    subject = Subject(Way.MODEL_SERVER, "127.0.0.1:8500", "toy <b>", "parcel.jpg", 1234)
    at = datetime(2026, 3, 9, 14, 5, tzinfo=UTC)
    return StressReport(subject, plan, at, outcome.steps, outcome.end)


def test_run_makes_each_step() -> None:
    """As many callers as the step says, and as many calls as it counts."""
    outcome = StressRun(plan(1, 2, 4), answer).go()

    assert outcome.end is End.COMPLETE
    assert [(step.load, step.answered) for step in outcome.steps] == [(1, 10), (2, 10), (4, 10)]
    assert all(step.histogram.total == 10 for step in outcome.steps)


def test_open_loop_counts_what_could_not_be_sent() -> None:
    """Calls that are due while the only caller is busy are lost, and the share says so."""
    sent = threading.Event()

    def call(_number: int) -> Timings:
        sent.wait(0.5)
        return TIMINGS

    slow = plan(100, by=By.RATE, callers_max=1, step_s=0.6, count=None)
    outcome = StressRun(slow, call).go()

    (step,) = outcome.steps
    assert step.unsent > 10
    assert step.lost_share > 0.5


def test_stopped_run_keeps_what_it_measured() -> None:
    """It ends soon, without the steps that were to come, and tells that it was stopped."""
    run: StressRun
    begun = threading.Event()

    def call(number: int) -> Timings:
        if number == 5:
            run.stop()
        if number > 5:
            begun.wait(0.01)
        return TIMINGS

    run = StressRun(plan(2, 4, count=None), call)
    outcome = run.go()

    assert outcome.end is End.STOPPED
    assert [step.load for step in outcome.steps] == [2]
    assert outcome.steps[0].is_cut_short
    assert outcome.steps[0].answered >= 5


def test_run_that_was_stopped_before_makes_no_call() -> None:
    """Nothing is called for nobody."""
    calls: list[int] = []
    run = StressRun(plan(1), lambda number: calls.append(number) or TIMINGS)  # type: ignore[func-returns-value]
    run.stop()

    assert run.go() == Outcome((), End.STOPPED)
    assert calls == []


def test_server_that_dies_ends_the_run_in_order() -> None:
    """Errors count by their class, and no further step asks a server that is not there."""
    dead = threading.Event()
    lock, calls = threading.Lock(), [0]

    def call(_number: int) -> Timings:
        with lock:
            calls[0] += 1
            if calls[0] > 12:
                dead.set()
        if dead.is_set():
            raise AWAY
        return TIMINGS

    outcome = StressRun(plan(1, 2, 4, 8), call).go()

    assert outcome.end is End.GAVE_UP
    assert [step.load for step in outcome.steps] == [1, 2]
    assert outcome.steps[1].errors == {"UNAVAILABLE": 8}
    assert outcome.steps[1].answered == 2


def test_errors_are_told_apart() -> None:
    """A status counts by its name, what a caller names counts by that."""

    def call(number: int) -> Timings:
        if number % 5 == 0:
            raise AWAY
        if number % 5 == 1:
            raise FailedCallError("busy")
        return TIMINGS

    (step,) = StressRun(plan(1), call).go().steps

    assert step.errors == {"UNAVAILABLE": 2, "busy": 2}
    assert step.answered == 6


def test_error_that_should_not_happen_ends_the_run() -> None:
    """A bug is no failed call; nobody goes on calling."""

    def call(_number: int) -> Timings:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        StressRun(plan(4), call).go()


def test_progress_tells_what_is_there_so_far() -> None:
    """While a step goes on its latencies are told, with the steps before it."""
    told: list[Live] = []
    proceed = threading.Event()

    def call(number: int) -> Timings:
        if number >= 9:
            assert proceed.wait(60)  # until progress was told with nine answers
        return TIMINGS

    def tell(live: Live) -> None:
        told.append(live)
        if live.now.answered == 9:
            proceed.set()

    StressRun(plan(1), call, on_progress=tell).go()

    live = next(each for each in told if each.now.answered == 9)
    assert live.now.histogram.total == 9
    assert live.now.latency.p50_s >= 0
    assert 0 <= live.share <= 1
    assert live.steps == ()


def a_report() -> StressReport:
    def call(number: int) -> Timings:
        if number == 3:
            raise FailedCallError("<busy>")
        return TIMINGS

    loads = plan(1, 2)
    return report_of(StressRun(loads, call).go(), loads)


def test_report_survives_json() -> None:
    """What is read is what was written, NaN of a step without answers included."""

    def call(_number: int) -> Timings:
        raise AWAY

    loads = plan(1, count=2)
    for report in (a_report(), report_of(StressRun(loads, call).go(), loads)):
        text = json.dumps(report.to_fields(), allow_nan=False)

        again = StressReport.from_fields(json.loads(text))

        assert again.to_fields() == report.to_fields()
        assert list(again.to_lines()) == list(report.to_lines())


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: [],
        lambda _: {},
        lambda fields: {**fields, "form": "another"},
        lambda fields: {**fields, "steps": [{}]},
        lambda fields: {**fields, "subject": {**fields["subject"], "way": "by sea"}},
        lambda fields: {**fields, "plan": {**fields["plan"], "loads": [500]}},
        lambda fields: {**fields, "plan": {**fields["plan"], "colour": "red"}},
        lambda fields: {**fields, "measured_at": "yesterday"},
    ],
)
def test_documents_that_are_no_reports_are_refused(damage: Callable[[Any], Any]) -> None:
    """Each with one error, whatever is wrong with it."""
    fields = json.loads(json.dumps(a_report().to_fields()))

    with pytest.raises(ReportError):
        StressReport.from_fields(damage(fields))


def test_page_is_one_file_that_holds_what_it_says() -> None:
    """Names from elsewhere stay text, charts are well-formed, and nothing is loaded."""
    page = render_page(a_report())

    assert "toy &lt;b&gt;" in page
    assert "&lt;busy&gt;" in page
    assert page.count("<svg") == 3
    for part in page.split("<svg")[1:]:
        ET.fromstring("<svg" + part.partition("</svg>")[0] + "</svg>")  # noqa: S314  our own
    seen: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.extend(name for name, _ in attrs if name in {"src", "href"})
            assert tag not in {"script", "link", "img"}

    Reader().feed(page)
    assert seen == []


def test_page_of_a_run_without_answers_has_no_charts() -> None:
    """There is nothing to draw, and the page says why."""

    def call(_number: int) -> Timings:
        raise AWAY

    loads = plan(1, 2, count=3)
    page = render_page(report_of(StressRun(loads, call).go(), loads))

    assert "<svg" not in page
    assert "No call was answered" in page
    assert "UNAVAILABLE" in page


@pytest.mark.parametrize(
    ("times_s", "first", "counts"),
    [
        ([], 0, ()),
        ([0.0], 0, (1,)),
        ([1e-9, 1e-4], 0, (2,)),
        ([0.001], 8, (1,)),
        ([0.001, 0.00134], 8, (1, 1)),
        ([1e9], 55, (1,)),
    ],
)
def test_buckets(times_s: list[float], first: int, counts: tuple[int, ...]) -> None:
    """Each latency is in the bucket that begins at or below it; the ends take what is beyond."""
    assert Histogram.of(times_s) == Histogram(first, counts)


def test_histograms_add_up() -> None:
    """Together they count as if all had been counted at once."""
    one, other = [0.001, 0.01], [0.5, 0.002]

    assert Histogram.of(one) + Histogram.of(other) == Histogram.of(one + other)
    assert Histogram() + Histogram.of(one) == Histogram.of(one)


@pytest.mark.parametrize("times_s", [[0.0], [0.02], [0.001, 10.0], [1e9]])
def test_histograms_are_drawn_within_their_frame(times_s: list[float]) -> None:
    """Whatever the latencies are, no bar is outside, and there is one for each bucket."""
    drawing = ET.fromstring(histogram_chart(Histogram.of(times_s)))  # noqa: S314  our own

    bars = [each for each in drawing if each.get("class") == "bar"]
    assert len(bars) >= 12
    for bar in bars:
        x, width = float(bar.get("x", "nan")), float(bar.get("width", "nan"))
        assert x >= 64
        assert x + width <= 720 - 32 + 1
