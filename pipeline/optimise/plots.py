"""Bars and dots as SVG, for light paper; their background is transparent."""

import io
from itertools import cycle
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from pipeline.optimise.report import ACCURACY_TITLES, OptimiseReport, Row

_INK, _SOFT, _GRID, _ACCENT, _PALE = "#15201c", "#5f6d67", "#dfe4dd", "#0b6e63", "#9fcac3"
_STYLE: dict[RcKeyType, Any] = {
    "svg.hashsalt": "sightline",  # the same figure gives the same bytes
    "font.family": ["DejaVu Sans"],
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _SOFT,
    "axes.labelcolor": _INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _SOFT,
    "ytick.color": _INK,
    "text.parse_math": False,
}


def bars_svg(report: OptimiseReport) -> str:
    """Draw how large each model is and how long a call takes, side by side."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9.2, 1.1 + 0.42 * len(report.rows)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        rows = list(reversed(report.rows))
        _draw_bars(left, rows, [row.size.plain / 1e6 for row in rows], "MB; dark: compressed")
        left.barh(
            range(len(rows)), [row.size.compressed / 1e6 for row in rows], 0.62, color=_ACCENT
        )
        _draw_bars(right, rows, [1e3 * row.latency.p50 for row in rows], "ms, median of a call")
        return _svg(figure)


def trade_svg(report: OptimiseReport) -> str | None:
    """Draw how good each model is over how long a call takes; None where nobody knows."""
    name = next(iter(report.accuracy_names), None)
    good = [row.accuracy.get(name) if name else row.agreement for row in report.rows]
    points = [
        (row, value) for row, value in zip(report.rows, good, strict=True) if value is not None
    ]
    if not points:
        return None
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8.6, 4.2), layout="constrained")
        axes = figure.subplots()
        axes.grid(color=_GRID, linewidth=0.6)
        marks = cycle("osD^vPX")
        for (row, value), mark in zip(points, marks, strict=False):
            colour = _INK if row is report.original else _ACCENT
            milliseconds = 1e3 * row.latency.p50
            axes.plot([milliseconds], [value], mark, color=colour, markersize=8, label=row.title)
        figure.legend(loc="outside right upper", frameon=False)
        axes.margins(0.1, 0.15)
        axes.set(xlabel="ms, median of a call", xlim=(0, None))
        axes.set_ylabel(ACCURACY_TITLES[name] if name else report.agreement_title)
        return _svg(figure)


def _draw_bars(axes: Axes, rows: list[Row], values: list[float], label: str) -> None:
    axes.barh(range(len(rows)), values, 0.62, color=_PALE)
    axes.set_yticks(range(len(rows)), [row.title for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(label)
    axes.margins(x=0.14)
    for place, value in enumerate(values):
        axes.text(value, place, f" {value:.1f}", va="center", fontsize=8.5, color=_INK)


def _svg(figure: Figure) -> str:
    """Return the drawing without the head of a file, to stand in a page."""
    file = io.StringIO()
    figure.savefig(
        file, format="svg", transparent=True, metadata={"Date": None, "Creator": "Sightline"}
    )
    text = file.getvalue()
    return text[text.index("<svg") :]
