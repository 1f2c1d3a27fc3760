"""What was found in a picture, in the one form that the pages show for every kind of model."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from vision import ClassScore, Detection
from webapp.presentation.formatting import percent
from webapp.presentation.outlines import Outline
from webapp.results import Result, State, Task


@dataclass(frozen=True, slots=True)
class Finding:
    """One object or class.

    Attributes:
        number: Its place, from 0, among everything that was kept, the most certain first; it stays
            the same whatever is shown.
        label: Its name.
        class_id: Its class.
        score: Its probability, 0..1.
        is_above: Whether it passes the threshold.
        is_shown: Whether it passes the choice of names, too.
        outline: Its box; None where the model names the whole picture.
    """

    number: int
    label: str
    class_id: int
    score: float
    is_above: bool
    is_shown: bool
    outline: Outline | None = None


@dataclass(frozen=True, slots=True)
class LabelCount:
    """A name in a result, to choose it by.

    Attributes:
        label: The name.
        class_id: Its class.
        count: How many of it are above the threshold.
        is_chosen: Whether these are asked for.
    """

    label: str
    class_id: int
    count: int
    is_chosen: bool


def findings_of(result: Result, labels: Collection[str] = ()) -> tuple[Finding, ...]:
    """Return everything that a result kept, and what of it is to be shown.

    Args:
        result: A result that is done, at the threshold asked for.
        labels: Only these names are shown; none means all.
    """
    is_classes = result.task is Task.CLASSIFICATION
    # Scores fall, so what is above the threshold comes first.
    above = len(result.shown_classes if is_classes else result.shown)
    found: list[Detection | ClassScore] = [*result.detections, *result.classification]
    return tuple(
        Finding(
            number=number,
            label=each.label,
            class_id=each.class_id,
            score=each.score,
            is_above=number < above,
            is_shown=number < above and (not labels or each.label in labels),
            outline=_outline(each, result),
        )
        for number, each in enumerate(found)
    )


def _outline(found: Detection | ClassScore, result: Result) -> Outline | None:
    if isinstance(found, ClassScore):
        return None
    return Outline.of(found.xyxy, (result.width, result.height))


def label_counts(
    findings: Sequence[Finding], labels: Collection[str] = ()
) -> tuple[LabelCount, ...]:
    """Return the names in a result, the most frequent first, with how many pass the threshold.

    Args:
        findings: All of them.
        labels: Those that are asked for.

    Examples:
        >>> certain = Finding(0, "dog", 18, 0.9, is_above=True, is_shown=True)
        >>> uncertain = Finding(1, "dog", 18, 0.2, is_above=False, is_shown=False)
        >>> label_counts([certain, uncertain])
        (LabelCount(label='dog', class_id=18, count=1, is_chosen=False),)
    """
    ids = {each.label: each.class_id for each in findings}
    counts = Counter(each.label for each in findings if each.is_above)
    return tuple(
        LabelCount(label, ids[label], counts[label], label in labels)
        for label in sorted(ids, key=lambda label: (-counts[label], label))
    )


_NAMES_MAX = 3
_TIMES = "\N{MULTIPLICATION SIGN}"


def summary_of(result: Result) -> str:
    """Return what is shown of a result in a few words, or why there is nothing.

    Args:
        result: Any result, done or not.
    """
    if result.state is not State.DONE:
        return result.failure_sentence
    if result.task is Task.CLASSIFICATION:
        best = next(iter(result.shown_classes), None)
        return f"{best.label}, {percent(best.score)}" if best else "No class"
    counts = Counter(result.shown.labels).most_common()
    names = [label if count == 1 else f"{count} {_TIMES} {label}" for label, count in counts]
    more = f" and {len(names) - _NAMES_MAX} more" if len(names) > _NAMES_MAX else ""
    return ", ".join(names[:_NAMES_MAX]) + more or "Nothing found"
