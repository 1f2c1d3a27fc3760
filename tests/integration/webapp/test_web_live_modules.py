"""The parts of the live page that know no page: counting, pace, figures, in Chromium."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from webapp.testing import RunningSite

pytestmark = pytest.mark.browser

Run = Callable[[str, str], Any]


@pytest.fixture
def run(site: RunningSite, page: Page) -> Run:
    """A function that runs a script with a module of the live page as ``m``."""
    page.goto(f"{site.url}/live")

    def evaluate(module: str, script: str) -> Any:
        return page.evaluate(
            f"async () => {{ const m = await import('/static/js/live/{module}.js'); {script} }}"
        )

    return evaluate


def test_frame_is_counted_once_whatever_happens_to_it(run: Run) -> None:
    """A frame that is answered, dropped and answered again has left with the first of these."""
    counts = run(
        "counts",
        """
        const counts = new m.Counts();
        const [one, two, three] = [counts.take(), counts.take(), counts.take()];
        one.answer(); one.drop("hidden"); one.answer();
        two.drop("timeout"); two.drop("model"); two.answer();
        counts.drop("rate"); counts.drop("rate");
        return [counts.sent, counts.answered, counts.dropped, counts.inFlight,
                [...counts.droppedBy], three.sequence];
        """,
    )

    assert counts == [5, 1, 3, 1, [["timeout", 1], ["rate", 2]], 3]


def test_unknown_reason_is_a_bug(run: Run) -> None:
    """No frame is lost for a reason that the page has no words for."""
    message = run(
        "counts",
        """
        try { new m.Counts().drop("weather"); } catch (error) { return error.message; }
        """,
    )

    assert message == "no such reason: weather"


def test_percentiles_are_those_of_the_last_seconds(run: Run) -> None:
    """Old answers do not count; p50 and p95 are answers that came, not points between them."""
    figures = run(
        "window",
        """
        const window = new m.RollingWindow(10000);
        const empty = [window.percentile(0.5, 0), window.rate(0), window.meanParts(0)];
        window.add(0, 5000);
        for (let second = 1; second <= 20; second += 1) {
          window.add(second * 500 + 9500, second, {a: second});
        }
        return [empty, window.percentile(0.5, 19500), window.percentile(0.95, 19500),
                window.percentile(1, 19500), window.rate(19500), window.meanParts(19500),
                window.rate(99000)];
        """,
    )

    assert figures == [[None, 0, []], 10, 19, 20, 2, [["a", 10.5]], 0]


def test_pace_keeps_to_its_rate_and_forgives_a_late_frame(run: Run) -> None:
    """At 10 frames a second every third frame of a camera of 30 goes, jitter or not."""
    sent = run(
        "pace",
        """
        const jitter = [0, 4, -3, 2, -4, 1];
        const sent = (rate) => {
          const pace = new m.Pace(rate);
          const times = [];
          for (let frame = 0; frame < 60; frame += 1) {
            const nowMs = frame * 33.3 + jitter[frame % 6];
            if (pace.allows(nowMs)) { pace.sent(nowMs); times.push(frame); }
          }
          return times.length;
        };
        return [sent(30), sent(15), sent(10), sent(1)];
        """,
    )

    assert sent == [60, 30, 20, 2]


def test_pace_slows_down_where_answers_are_slow_or_refused(run: Run) -> None:
    """Slow answers earn the server a rest; a refusal halves the rate, and answers bring it back."""
    steps = run(
        "pace",
        """
        const pace = new m.Pace(20);
        for (let answer = 0; answer < 40; answer += 1) { pace.answered(0, 1000); }
        const rests = [pace.allows(450), pace.allows(510)];
        const other = new m.Pace(20);
        other.refused(0, 0);
        const halved = other.rate;
        other.refused(0, 3000);
        const waits = [other.allows(2999), other.allows(3000)];
        for (let refusal = 0; refusal < 20; refusal += 1) { other.refused(0, 0); }
        const least = other.rate;
        for (let answer = 0; answer < 100; answer += 1) { other.answered(9000, 10); }
        return [rests, halved, waits, least, other.rate];
        """,
    )

    assert steps == [[False, True], 10, [False, True], 1, 20]


def test_waits_double_up_to_a_limit_and_spread(run: Run) -> None:
    """Each wait is between half of what is due and all of it; a success begins anew."""
    waits = run(
        "backoff",
        """
        const at = (share) => new m.Backoff({firstMs: 100, mostMs: 1000, random: () => share});
        const [least, most] = [at(0), at(1)];
        const all = [];
        for (let attempt = 0; attempt < 6; attempt += 1) { all.push([least.next(), most.next()]); }
        most.reset();
        return [all, most.next()];
        """,
    )

    assert waits == [
        [[50, 100], [100, 200], [200, 400], [400, 800], [500, 1000], [500, 1000]],
        100,
    ]


def test_frames_have_the_size_that_the_server_would_shrink_them_to(run: Run) -> None:
    """They are stretched or fitted as the model's card says, and never enlarged."""
    sizes = run(
        "frame_canvas",
        """
        const video = {width: 1280, height: 720};
        const small = {width: 40, height: 30};
        const fit = {method: "fit", width: 320, height: 320};
        const stretch = {method: "stretch", width: 300, height: 300};
        const none = {method: "none", width: 0, height: 0};
        return [m.frameSize(video, fit), m.frameSize(small, fit), m.frameSize(video, stretch),
                m.frameSize(video, none), m.frameSize({width: 9000, height: 1}, fit)]
            .map(({width, height}) => [width, height]);
        """,
    )

    assert sizes == [[320, 180], [40, 30], [300, 300], [640, 360], [320, 1]]


PUMP = """
    const {Counts} = await import("/static/js/live/counts.js");
    const {Pace} = await import("/static/js/live/pace.js");
    const {DetectorError, Remedy} = await import("/static/js/live/detector.js");
    const counts = new Counts();
    const answers = [], troubles = [], looks = [];
    let nowMs = 0;
    const pump = new m.Pump({
      counts, pace: new Pace(1000), clock: () => nowMs,
      read: (sequence) => ({sequence}),
      look: (frame, {signal}) => new Promise((resolve, reject) => {
        looks.push({frame, signal, resolve, reject});
      }),
      onAnswer: (answer) => answers.push(answer),
      onTrouble: (error) => troubles.push(error.reason),
    });
    const offer = () => { nowMs += 100; pump.offer(); };
    const settle = () => new Promise((resolve) => setTimeout(resolve));
    const tally = () => [counts.sent, counts.answered, counts.dropped, counts.inFlight];
"""


def test_at_most_one_frame_is_in_flight(run: Run) -> None:
    """What comes meanwhile is dropped; with the answer goes what is seen then."""
    outcome = run(
        "pump",
        PUMP
        + """
        offer(); offer(); offer(); offer();
        const during = [tally(), looks.length];
        looks[0].resolve("boxes");
        await settle();
        const after = [tally(), looks.length];
        looks[1].resolve("more boxes");
        await settle();
        return [during, after, tally(), answers, looks.length, [...counts.droppedBy]];
        """,
    )

    assert outcome == [
        [[3, 0, 2, 1], 1],
        [[4, 1, 2, 1], 2],
        [4, 2, 2, 0],
        ["boxes", "more boxes"],
        2,
        [["inFlight", 2]],
    ]


def test_answer_that_comes_after_all_is_not_shown(run: Run) -> None:
    """A frame that was given up is aborted and dropped once, and its late answer goes nowhere."""
    outcome = run(
        "pump",
        PUMP
        + """
        offer(); offer();
        pump.abandon("model");
        const given = tally();
        offer(); // while the detector has not let go yet
        const waiting = looks.length;
        looks[0].resolve("late");
        await settle();
        pump.abandon("hidden");
        looks[1].reject(new Error("aborted"));
        await settle();
        return [given, waiting, tally(), answers, troubles, looks[0].signal.aborted,
                [...counts.droppedBy]];
        """,
    )

    dropped = [["model", 2], ["hidden", 1]]
    assert outcome == [[2, 0, 2, 0], 1, [3, 0, 3, 0], [], [], True, dropped]


def test_lost_frames_are_counted_by_their_reason(run: Run) -> None:
    """A refusal, a closed stream, and an error that nobody thought of: none goes uncounted."""
    outcome = run(
        "pump",
        PUMP
        + """
        offer();
        looks[0].reject(new DetectorError("busy", "", {remedy: Remedy.SLOW_DOWN}));
        await settle();
        nowMs += 10000;
        pump.close("paused");
        offer();
        pump.open();
        offer();
        looks[1].reject(new TypeError("a bug"));
        await settle();
        return [tally(), troubles, [...counts.droppedBy]];
        """,
    )

    assert outcome == [
        [3, 0, 3, 0],
        ["busy", "failed"],
        [["busy", 1], ["paused", 1], ["failed", 1]],
    ]


def test_answers_that_are_none_say_what_to_do(run: Run) -> None:
    """Statuses and kinds become a reason, by which the frame is counted, and a remedy."""
    outcome = run(
        "server_detector",
        """
        const meaning = (status, document, headers = {}) => {
          const error = m.refusal(new Response(null, {status, headers}), document);
          return [error.reason, error.remedy, error.retryAfterMs];
        };
        return [
          meaning(429, {detail: "Later."}, {"Retry-After": "3"}),
          meaning(503, {detail: "Busy.", kind: "busy"}, {"Retry-After": "2"}),
          meaning(503, {detail: "Away.", kind: "unreachable"}),
          meaning(504, {detail: "Slow.", kind: "too_slow"}),
          meaning(502, {}),
          meaning(200, {}),
          meaning(401, {detail: "Who?"}),
          meaning(403, {detail: "No."}),
          meaning(422, {detail: "What?"}),
        ];
        """,
    )

    assert outcome == [
        ["tooOften", "slow down", 3000],
        ["busy", "slow down", 0],
        ["failed", "wait", 0],
        ["timeout", "wait", 0],
        ["network", "wait", 0],
        ["network", "wait", 0],
        ["refused", "stop", 0],
        ["refused", "stop", 0],
        ["refused", "stop", 0],
    ]


def test_every_error_of_a_camera_has_words(run: Run) -> None:
    """Whatever a browser calls it, a title and a way on are there."""
    titles = run(
        "camera",
        """
        const names = ["NotAllowedError", "SecurityError", "NotFoundError", "NotReadableError",
                       "AbortError", "UnheardOfError"];
        const faults = names.map((name) => m.faultOf({name}));
        return [faults.map((fault) => fault.title),
                faults.every((fault) => /send a picture instead/.test(fault.message))];
        """,
    )

    assert titles == [
        [
            "The camera was refused", "The camera was refused", "No camera was found",
            "The camera is in use", "The camera is in use", "The camera does not start",
        ],
        True,
    ]  # fmt: skip


def test_camera_that_is_gone_is_replaced_by_another(run: Run) -> None:
    """A camera that was chosen earlier and is not there any more is no dead end."""
    asked = run(
        "camera",
        """
        const asked = [];
        const devices = {getUserMedia: async ({video}) => {
          asked.push(video.deviceId?.exact ?? "any");
          if (video.deviceId) { throw new DOMException("", "OverconstrainedError"); }
          return "a stream";
        }};
        return [await m.openCamera(devices, "gone"), asked];
        """,
    )

    assert asked == ["a stream", ["gone", "any"]]
