"""What somebody at a terminal sees while a stress run goes on, on standard error."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console
from rich.live import Live as Display
from rich.text import Text

from sightline.writers.table import printable
from stress import Histogram, Live, StressReport

_BLOCKS = " ▁▂▃▄▅▆▇█"


class StressScreen:
    """A table that grows by the step, with the latencies of the one that goes on.

    Args:
        is_quiet: Show nothing.
    """

    def __init__(self, *, is_quiet: bool = False) -> None:
        self._console = Console(stderr=True, soft_wrap=True)
        self._is_shown = self._console.is_terminal and not is_quiet
        self._report: StressReport | None = None
        self._display: Display | None = None

    @contextmanager
    def shown(self, report: StressReport) -> Iterator[None]:
        """Show how far a run is, as long as it goes on; nothing where nobody looks.

        Args:
            report: The run, without its steps.
        """
        if not self._is_shown:
            yield
            return
        self._report = report
        with Display(console=self._console, transient=True, auto_refresh=False) as self._display:
            yield

    def progress(self, live: Live) -> None:
        """Show how far it is."""
        if self._display is not None and self._report is not None:
            text = "\n".join(_lines(self._report, live))
            self._display.update(Text(text), refresh=True)


def _lines(report: StressReport, live: Live) -> Iterator[str]:
    table = list(replace(report, steps=(*live.steps, live.now)).to_lines())
    last = 3 + len(live.steps) + 1
    yield from (printable(line).replace("  cut short", "") for line in table[:last])
    yield ""
    state = "warming up" if live.is_warming_up else f"{live.share:.0%} done"
    yield f"  {state}; Ctrl-C ends it"
    if live.now.histogram.counts:
        yield f"  {bars(live.now.histogram)}"


def bars(histogram: Histogram) -> str:
    """Draw a histogram as a line of blocks between its ends in milliseconds.

    Examples:
        >>> bars(Histogram.of([0.010, 0.011, 0.02]))
        '10.0 ms █ ▄ 23.7 ms'
    """
    peak = max(histogram.counts)
    steps = len(_BLOCKS) - 1
    drawn = "".join(_BLOCKS[-(-count * steps // peak)] for count in histogram.counts)
    first, last = histogram.edges_s[0] * 1000, histogram.edges_s[-1] * 1000
    return f"{first:.1f} ms {drawn} {last:.1f} ms"
