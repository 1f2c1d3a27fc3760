"""Asking the model server about frames: several at a time, answers in order, patient."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from time import sleep

from videos import Frame, VideoError
from webapp.exceptions import BusyError
from webapp.failures import FailureKind
from webapp.recognise import Recogniser
from webapp.results import Result, State, Task
from webapp.videos.video import StoredVideo

# What the model server gets over by itself.
_PASSING = frozenset(
    {
        FailureKind.UNREACHABLE,
        FailureKind.TOO_SLOW,
        FailureKind.NOT_SERVED,
        FailureKind.OVERLOADED,
    }
)
_PAUSE_FIRST_S = 1.0
_PAUSE_MAX_S = 10.0
_LOOK_S = 0.25


class UnanswerableError(Exception):
    """The model gives no answer about this video, and never will; ``str()`` is a sentence."""


class Asking:
    """Asks about the frames of one video.

    Args:
        recogniser: Asks the model.
        video: The video.
        pool: Asks about several at a time.
        calls_max: How many that are.
        check: Raises an error when the work is to end.
        on_wait: Told in a sentence what is waited for.
    """

    def __init__(  # noqa: PLR0913  these are the parts it puts together
        self,
        recogniser: Recogniser,
        video: StoredVideo,
        pool: ThreadPoolExecutor,
        *,
        calls_max: int,
        check: Callable[[], None],
        on_wait: Callable[[str], None],
    ) -> None:
        self._recogniser = recogniser
        self._video = video
        self._pool = pool
        self._calls_max = calls_max
        self._check = check
        self._on_wait = on_wait

    def answers(self, frames: Iterable[Frame]) -> Iterator[tuple[float, Result]]:
        """Yield the moment and the answer of each frame, in order.

        No more frames are taken than are asked about. Where they end with an error, the answers
        about those before it come first.

        Raises:
            VideoError: As the frames raise it.
            UnanswerableError: The model has no answer.
        """
        in_flight: deque[tuple[float, Future[Result]]] = deque()
        failure: VideoError | None = None
        try:
            for frame in frames:
                in_flight.append((frame.moment_s, self._pool.submit(self._ask, frame)))
                if len(in_flight) >= self._calls_max:
                    yield self._oldest(in_flight)
        except VideoError as error:
            failure = error
        while in_flight:
            yield self._oldest(in_flight)
        if failure is not None:
            raise failure

    def _oldest(self, in_flight: deque[tuple[float, Future[Result]]]) -> tuple[float, Result]:
        moment_s, future = in_flight.popleft()
        while True:
            self._check()
            try:
                return moment_s, future.result(_LOOK_S)
            except TimeoutError:
                continue

    def _ask(self, frame: Frame) -> Result:
        """Ask until there is an answer."""
        pause_s = _PAUSE_FIRST_S
        while True:
            self._check()
            sentence = "The model server is busy."
            try:
                result = self._glance(frame)
                if result.state is State.DONE:
                    return result
                sentence = result.failure_sentence
                if result.failure_kind not in _PASSING:
                    raise UnanswerableError(sentence)
            except BusyError:
                pass
            self._on_wait(f"{sentence} It is asked again.")
            self._pause(pause_s)
            pause_s = min(pause_s * 2, _PAUSE_MAX_S)

    def _glance(self, frame: Frame) -> Result:
        return self._recogniser.glance(
            frame.pixels,
            model_name=self._video.model_name,
            threshold=self._video.score_floor,
            task=Task.DETECTION,
        )

    def _pause(self, pause_s: float) -> None:
        for _ in range(max(1, round(pause_s / _LOOK_S))):
            sleep(_LOOK_S)
            self._check()
