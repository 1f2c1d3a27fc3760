"""How pictures become output: order, threads, patience, files."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sightline.answers import Answer
from sightline.exceptions import AwayError, PictureFailedError, UsageError
from sightline.output import text_output
from sightline.patience import Patience
from sightline.run import Run
from sightline.sources import Failure, Source
from sightline.stills import Frame
from sightline.window import in_order


def test_results_come_in_order_however_long_each_takes() -> None:
    """The first item ends last here."""
    last_is_done = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert last_is_done.wait(30)
        if number == 3:
            last_is_done.set()
        return number

    assert list(in_order(range(4), work, concurrency=2)) == [0, 1, 2, 3]


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_items_are_taken_than_are_needed(concurrency: int) -> None:
    """A source without an end is taken from bit by bit."""
    taken: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            taken.append(len(taken))
            yield taken[-1]

    results = in_order(endless(), lambda number: number, concurrency=concurrency)
    first = [next(results) for _ in range(10)]
    results.close()  # type: ignore[attr-defined]  # it is a generator

    assert first == list(range(10))
    assert len(taken) <= 10 + 2 * concurrency


def test_nothing_waits_for_its_turn_where_it_would_grow_old() -> None:
    """One item is taken for each thread, and the next when a result was handed out."""
    taken: list[int] = []

    def newest() -> Iterator[int]:
        while True:
            taken.append(len(taken))
            yield taken[-1]

    results = in_order(newest(), lambda number: number, concurrency=2, ahead=2)
    for _ in range(5):
        next(results)
    results.close()  # type: ignore[attr-defined]  # it is a generator

    assert len(taken) <= 5 + 1


def test_whoever_leaves_early_says_so() -> None:
    """The work under way can then be ended; after the last result there is none."""
    left: list[str] = []

    early = in_order(range(9), lambda n: n, concurrency=2, on_leave=lambda: left.append("early"))
    next(early)
    early.close()  # type: ignore[attr-defined]  # it is a generator
    list(in_order(range(9), lambda n: n, concurrency=2, on_leave=lambda: left.append("late")))

    assert left == ["early"]


def test_a_mistake_in_the_work_is_raised_in_its_turn() -> None:
    """It is not lost in a thread."""
    results = in_order([1, 0], lambda number: 1 // number, concurrency=2)

    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


class Clock:
    """Stands still but for pauses."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.pauses_s: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def pause(self, seconds: float) -> bool:
        self.pauses_s.append(seconds)
        self.now_s += seconds
        return False


def away(pause_s: float = 0.0) -> AwayError:
    return AwayError("The server is away.", "unreachable", pause_s=pause_s)


def test_a_server_that_comes_back_answers() -> None:
    """It is asked with growing pauses, and no sooner than it wants."""
    clock = Clock()
    outcomes: list[AwayError | str] = [away(), away(), away(pause_s=5.0), "answer"]

    def question() -> str:
        outcome = outcomes.pop(0)
        if isinstance(outcome, AwayError):
            raise outcome
        return outcome

    answer = Patience(30, clock=clock, pause=clock.pause).ask(question)

    assert answer == "answer"
    assert clock.pauses_s == [0.2, 0.4, 5.0]


def test_patience_ends_once_for_all_pictures() -> None:
    """After waiting in vain each picture is asked about once, until there is an answer again."""
    clock = Clock()
    patience = Patience(3, clock=clock, pause=clock.pause)
    asked: list[int] = []

    def question() -> str:
        asked.append(1)
        raise away()

    for _ in range(3):
        with pytest.raises(AwayError):
            patience.ask(question)
    waited_s, count = clock.now_s, len(asked)
    patience.ask(lambda: "it is back")
    with pytest.raises(AwayError):
        patience.ask(question)

    assert waited_s <= 3
    assert len(asked) > count + 1
    assert clock.now_s > waited_s


def test_nobody_waits_after_the_run_was_stopped() -> None:
    """The question fails at once."""
    patience = Patience(1000)
    patience.stop()

    with pytest.raises(AwayError):
        patience.ask(lambda: (_ for _ in ()).throw(away()))


class Printed:
    """A writer that remembers what it got."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.is_closed = False

    def write(self, answers: Sequence[Answer]) -> None:
        self.files += [answer.file for answer in answers]

    def close(self) -> None:
        self.is_closed = True


def test_a_picture_that_fails_stops_no_other() -> None:
    """It is told in its turn, and counted."""
    printed, failures = Printed(), list[Failure]()

    def look(source: Source | Frame) -> tuple[Answer, ...]:
        if source.file == "bad":
            raise PictureFailedError("It is damaged.", "no_picture")
        return (
            Answer(file=source.file, width=1, height=1, model="m", version=1, task="detection"),
        )

    run = Run(look=look, writer=printed, on_failure=failures.append)
    tally = run.go(
        [
            Source("a", 1, 1),
            Failure("x", "missing", "Gone."),
            Source("bad", 1, 1),
            Source("b", 1, 1),
        ]
    )

    assert printed.files == ["a", "b"]
    assert printed.is_closed
    assert [failure.kind for failure in failures] == ["missing", "no_picture"]
    assert (tally.done, tally.failed, tally.total) == (2, 2, 4)


def fail_after(path: Path, text: str, *, keeps_parts: bool = False) -> None:
    def write() -> None:
        with text_output(path, keeps_parts=keeps_parts) as out:
            out.write(text)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    """Not before, and not after an error; an older one stays until then."""
    path = tmp_path / "out"
    path.write_text("old")

    fail_after(path, "half")
    after_error = path.read_text()
    with text_output(path) as out:
        out.write("new \udc80")
        meanwhile = path.read_text()

    assert (after_error, meanwhile, path.read_text()) == ("old", "old", "new \\udc80")
    assert list(tmp_path.iterdir()) == [path]


def test_a_list_that_keeps_its_parts_is_there_after_an_error(tmp_path: Path) -> None:
    """What failed until then is worth knowing."""
    path = tmp_path / "failed"

    fail_after(path, "one", keeps_parts=True)

    assert path.read_text() == "one"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """What it leads to is replaced."""
    (tmp_path / "out").write_text("old")
    (tmp_path / "link").symlink_to("out")

    with text_output(tmp_path / "link") as out:
        out.write("new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "out").read_text() == "new"


def test_what_is_no_file_is_written_to_as_it_is() -> None:
    """A device is not replaced by a file."""
    with text_output(Path("/dev/null")) as out:
        out.write("nothing")

    assert Path("/dev/null").is_char_device()


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """Before anything is looked at."""
    with (
        pytest.raises(UsageError, match="cannot be written to: No such file or directory"),
        text_output(tmp_path / "no" / "out"),
    ):
        pass
