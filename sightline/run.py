"""A run: many pictures, one after the other, whatever happens to any of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sightline.answers import Answer, name_of
from sightline.drawn_video import DrawnVideo
from sightline.exceptions import PictureFailedError
from sightline.footage import Footage
from sightline.journal import Journal
from sightline.sources import Failure, Source
from sightline.steps import Answered, Step, Steps, VideoEnd
from sightline.stills import Frame
from sightline.window import in_order
from sightline.writers import Writer


@dataclass(slots=True)
class Tally:
    """What has become of the pictures and frames so far.

    Attributes:
        done: How many have answers, those from the journal included.
        remembered: Of these, how many were answered by an earlier run.
        failed: How many have none; a video that cannot be decoded counts as one.
        frames: How many of all were frames of videos or cameras.
        videos: How many videos there were.
        whole: How many of the failures were of a whole video or camera.
        dropped: Frames of a camera that nobody had time for.
    """

    done: int = 0
    remembered: int = 0
    failed: int = 0
    frames: int = 0
    videos: int = 0
    whole: int = 0
    dropped: int = 0

    @property
    def total(self) -> int:
        """How many there were."""
        return self.done + self.failed

    @property
    def pictures(self) -> int:
        """How many of them were picture files."""
        return self.total - self.frames - self.whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How pictures become output.

    Attributes:
        look: Answers a picture or frame; called in threads. Raises `PictureFailedError`.
        writer: Gets the answers, in the order of the pictures.
        on_failure: Told of each picture that has none, in the same order.
        on_progress: Called after each picture or frame.
        on_leave: Called when the run ends early, to end the calls that are under way.
        journal: What was answered before, and where new answers are kept; None for none.
        footage: Which frames of videos are looked at.
        drawn: Draws copies of videos; None draws none.
        concurrency: Pictures worked on at the same time, at least 1.
        ahead: Pictures and frames that are taken before their turn; None for a few more than are
            worked on, so that decoding and answering do not wait for each other.
        tally: Counts; to be read at any moment.
    """

    look: Callable[[Source | Frame], tuple[Answer, ...]]
    writer: Writer
    on_failure: Callable[[Failure], object]
    on_progress: Callable[[Tally], object] = lambda _tally: None
    on_leave: Callable[[], object] = lambda: None
    journal: Journal | None = None
    footage: Footage = field(default_factory=Footage)
    drawn: DrawnVideo | None = None
    concurrency: int = 4
    ahead: int | None = None
    tally: Tally = field(default_factory=Tally)

    def go(self, sources: Iterable[Source | Frame | Failure]) -> Tally:
        """Answer all pictures, and finish the output.

        Whatever an answer is written to, the journal has it first. So a run that is killed at any
        moment has lost nothing that was printed.
        """
        steps = Steps(self.footage, self.journal)
        outcomes = in_order(
            steps.of(sources),
            self._handle,
            concurrency=self.concurrency,
            ahead=self.ahead,
            on_leave=self.on_leave,
        )
        answered_frames = 0
        for outcome in outcomes:
            match outcome:
                case Answered():
                    self._keep(outcome)
                    answered_frames += outcome.moment_s is not None
                case VideoEnd():
                    self._end(outcome, steps, answered_frames)
                    answered_frames = 0
                case Failure():
                    self._fail(outcome)
                    answered_frames = 0 if outcome.of == "video" else answered_frames
            self.on_progress(self.tally)
        self.writer.close()
        return self.tally

    def _handle(self, step: Step) -> Answered | VideoEnd | Failure:
        if not isinstance(step, Source | Frame):
            return step
        source, moment_s = (step.source, step.moment_s) if isinstance(step, Frame) else (step, None)
        try:
            return Answered(source, self.look(step), moment_s, is_new=True)
        except PictureFailedError as error:
            of = source.kind if moment_s is None else "frame"
            return Failure(name_of(source.file, moment_s), error.kind, str(error), of)

    def _keep(self, answered: Answered) -> None:
        if answered.is_new and self.journal is not None:
            self.journal.add(answered.source, answered.answers, answered.moment_s)
        self.tally.done += 1
        self.tally.remembered += not answered.is_new
        self.tally.frames += answered.moment_s is not None
        if self.drawn is not None and answered.source.kind == "video":
            self.drawn.add(answered.answers[0])
        self.writer.write(answered.answers)

    def _fail(self, failure: Failure) -> None:
        self.tally.failed += 1
        self.tally.frames += failure.of == "frame"
        self.tally.whole += failure.of in {"video", "camera"}
        self.tally.videos += failure.of == "video"
        if failure.of == "video" and self.drawn is not None:
            self.drawn.forget()
        self.on_failure(failure)

    def _end(self, end: VideoEnd, steps: Steps, answered_frames: int) -> None:
        """Do what remains to be done about a video when all its frames had their turn."""
        missing = len(end.moments) - answered_frames
        failure = None if end.was_done else self._draw(end.source, missing)
        if failure is not None:
            self._fail(failure)
            return
        self.tally.videos += 1
        if self.drawn is not None:
            self.drawn.forget()
        if self.journal is not None and not (missing or end.was_done):
            self.journal.add_video(end.source, end.moments, steps.sampling)

    def _draw(self, source: Source, missing: int) -> Failure | None:
        if self.drawn is None:
            return None
        if missing:
            frames = "a frame has" if missing == 1 else f"{missing:,} frames have"
            sentence = f"No copy of the video is drawn, because {frames} no answer."
            return Failure(source.file, "not_drawn", sentence, "video")
        try:
            self.drawn.draw(source)
        except PictureFailedError as error:
            return Failure(source.file, error.kind, str(error), "video")
        return None
