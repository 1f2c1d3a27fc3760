"""A run: many pictures, one after the other, whatever happens to any of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from sightline.answers import Answer
from sightline.exceptions import PictureFailedError
from sightline.journal import Journal
from sightline.sources import Failure, Source
from sightline.window import in_order
from sightline.writers import Writer


@dataclass(slots=True)
class Tally:
    """What has become of the pictures so far.

    Attributes:
        done: How many have answers, those from the journal included.
        remembered: Of these, how many were answered by an earlier run.
        failed: How many have none.
    """

    done: int = 0
    remembered: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """How many there were."""
        return self.done + self.failed


@dataclass(frozen=True, slots=True)
class _Answered:
    source: Source
    answers: tuple[Answer, ...]
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How pictures become output.

    Attributes:
        look: Answers a picture; called in threads. Raises `PictureFailedError`.
        writer: Gets the answers, in the order of the pictures.
        on_failure: Told of each picture that has none, in the same order.
        on_progress: Called after each picture.
        on_leave: Called when the run ends early, to end the calls that are under way.
        journal: What was answered before, and where new answers are kept; None for none.
        concurrency: Pictures worked on at the same time, at least 1.
        tally: Counts; to be read at any moment.
    """

    look: Callable[[Source], tuple[Answer, ...]]
    writer: Writer
    on_failure: Callable[[Failure], object]
    on_progress: Callable[[Tally], object] = lambda _tally: None
    on_leave: Callable[[], object] = lambda: None
    journal: Journal | None = None
    concurrency: int = 4
    tally: Tally = field(default_factory=Tally)

    def go(self, sources: Iterable[Source | Failure]) -> Tally:
        """Answer all pictures, and finish the output.

        Whatever an answer is written to, the journal has it first. So a run that is killed at any
        moment has lost nothing that was printed.
        """
        outcomes = in_order(
            self._known(sources), self._handle, concurrency=self.concurrency, on_leave=self.on_leave
        )
        for outcome in outcomes:
            if isinstance(outcome, Failure):
                self.tally.failed += 1
                self.on_failure(outcome)
            else:
                self._keep(outcome)
            self.on_progress(self.tally)
        self.writer.close()
        return self.tally

    def _known(self, sources: Iterable[Source | Failure]) -> Iterator[Source | Failure | _Answered]:
        """Put in the answers that the journal has."""
        for source in sources:
            answers = None
            if self.journal is not None and isinstance(source, Source):
                answers = self.journal.find(source)
            if answers is None or isinstance(source, Failure):
                yield source
            else:
                yield _Answered(source, answers, is_new=False)

    def _handle(self, item: Source | Failure | _Answered) -> Failure | _Answered:
        if not isinstance(item, Source):
            return item
        try:
            return _Answered(item, self.look(item), is_new=True)
        except PictureFailedError as error:
            return Failure(item.file, error.kind, str(error))

    def _keep(self, answered: _Answered) -> None:
        if answered.is_new and self.journal is not None:
            self.journal.add(answered.source, answered.answers)
        self.tally.done += 1
        self.tally.remembered += not answered.is_new
        self.writer.write(answered.answers)
