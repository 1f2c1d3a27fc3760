"""Curves and matrices as SVG, for light paper; their background is transparent.

Figures are made directly, without pyplot, so that nothing is shared between calls.
"""

import io
import unicodedata
import warnings
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.typing import RcKeyType
from numpy.typing import NDArray

from pipeline.evaluate.class_results import ClassResults
from pipeline.evaluate.confusion import BACKGROUND, Confusion
from pipeline.evaluate.rule_figures import RuleFigures

_INK, _SOFT, _GRID, _ACCENT = "#15201c", "#5f6d67", "#dfe4dd", "#0b6e63"
_COLOURS = (
    "#0b6e63", "#c2410c", "#3b5bdb", "#a21caf", "#a16207", "#be123c", "#0369a1", "#4d7c0f",
    "#7c3aed", "#57534e",
)  # fmt: skip
_THIN = 0.8  # points, of lines that are there only to show how far they spread
_NAME_MAX = 24  # characters
_F1_LINES = (0.5, 0.7, 0.8, 0.9)
_NUMBERS_MAX = 20  # classes, above which a matrix has no room for numbers
_DARK_SHARE = 0.55  # of a row, from which its numbers are white
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
    "ytick.color": _SOFT,
    "text.parse_math": False,  # a $ in a name is a $
}


def precision_recall_svg(figures: RuleFigures) -> bytes:
    """Draw precision over recall: a line for each class, one for all, and the threshold on each.

    Where there are more classes than colours, they are all grey, and without the threshold.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7.2, 5.0), layout="constrained")
        axes = figure.subplots()
        _draw_f1_lines(axes)
        results = {name: each for name, each in figures.results.items() if each.true_count}
        has_colours = len(results) <= len(_COLOURS)
        handles: dict[str, Line2D] = {}
        for place, (name, each) in enumerate(results.items()):
            colour = _COLOURS[place] if has_colours else "#cfd6cf"
            line = _draw_curve(axes, each, figures.threshold, colour, 1.6 if has_colours else _THIN)
            if has_colours:
                handles[_plain(name)] = line
        handles["all classes"] = _draw_curve(axes, figures.pooled, figures.threshold, _INK, 2.4)
        axes.set(xlim=(0, 1.01), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
        figure.legend(
            list(handles.values()), list(handles), loc="outside right upper", frameon=False
        )
        return _svg(figure)


def confusion_svg(matrix: Confusion) -> bytes:
    """Draw what is taken for what; the stronger a cell, the larger its share of the row."""
    names = [_plain(name) for name in (*matrix.labels, BACKGROUND)]
    side = len(names)
    with mpl.rc_context(_STYLE):
        inches = float(np.clip(2.4 + 0.62 * side, 4.6, 13.0))
        figure = Figure(figsize=(inches, inches * 0.94), layout="constrained")
        axes = figure.subplots()
        totals = matrix.counts.sum(axis=1, keepdims=True)
        shares = matrix.counts / np.maximum(totals, 1)
        _draw_cells(axes, shares)
        axes.set(xlabel="found", ylabel="true", aspect="equal", xlim=(0, side), ylim=(side, 0))
        axes.tick_params(length=0, labelsize=10 if side <= _NUMBERS_MAX else 7)
        axes.set_xticks(
            np.arange(side) + 0.5, names, rotation=45, ha="right", rotation_mode="anchor"
        )
        axes.set_yticks(np.arange(side) + 0.5, names)
        if side <= _NUMBERS_MAX:
            _write_counts(axes, matrix, shares.tolist())
        return _svg(figure)


def _draw_curve(
    axes: Axes, results: ClassResults, threshold: float, colour: str, width: float
) -> Line2D:
    recall, precision = results.curve()
    is_found = len(recall) > 0
    recall = np.concatenate([np.zeros(int(is_found)), recall])
    precision = np.concatenate([precision[:1], precision])
    (line,) = axes.plot(recall, precision, color=colour, linewidth=width, solid_joinstyle="round")
    counts = results.at(threshold)
    is_clear = width > _THIN
    if is_clear and counts.precision is not None and counts.recall is not None:
        axes.plot(
            [counts.recall], [counts.precision], "o", color=colour, markersize=5.5,
            markeredgecolor="white", clip_on=False, zorder=5,
        )  # fmt: skip
    return line


def _draw_f1_lines(axes: Axes) -> None:
    for f1 in _F1_LINES:
        recall = np.linspace(f1 / (2 - f1), 1, 60)
        precision = f1 * recall / (2 * recall - f1)
        axes.plot(recall, precision, color=_SOFT, alpha=0.35, linewidth=0.8, zorder=0)
        label = f"F1 {f1}" if f1 == _F1_LINES[0] else f"{f1}"
        axes.text(0.995, precision[-1] + 0.008, label, color=_SOFT, fontsize=7, ha="right")


def _draw_cells(axes: Axes, shares: NDArray[np.float64]) -> None:
    """Fill the cells that are not 0 and draw the lines between all of them."""
    rows, columns = np.nonzero(shares)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    cells = np.stack([columns, rows], axis=-1)[:, None] + corners
    # See-through where the share is small, so that the paper may have any colour.
    colours = [to_rgba(_ACCENT, alpha) for alpha in (0.08 + 0.92 * shares[rows, columns]).tolist()]
    axes.add_collection(PolyCollection(list(cells), facecolors=colours))
    for line in range(len(shares) + 1):
        axes.axhline(line, color=_GRID, linewidth=0.6)
        axes.axvline(line, color=_GRID, linewidth=0.6)


def _write_counts(axes: Axes, matrix: Confusion, shares: Sequence[Sequence[float]]) -> None:
    for row, counts in enumerate(matrix.counts.tolist()):
        for column, count in enumerate(counts):
            if count:
                colour = "#ffffff" if shares[row][column] >= _DARK_SHARE else _INK
                axes.text(
                    column + 0.5, row + 0.5, f"{count}", color=colour, ha="center", va="center"
                )


def _plain(name: str) -> str:
    """Return a name in characters that XML allows, and not too many of them."""
    shown = "".join("\ufffd" if unicodedata.category(each)[0] == "C" else each for each in name)
    return shown if len(shown) <= _NAME_MAX else f"{shown[: _NAME_MAX - 1]}…"


def _svg(figure: Figure) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        # A name in a script that the font lacks shows boxes; that is no reason to stop.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(
            file, format="svg", transparent=True, metadata={"Date": None, "Creator": "Sightline"}
        )
    return file.getvalue()
