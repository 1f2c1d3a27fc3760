"""Curves and matrices as SVG."""

import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.evaluate.class_results import ClassResults
from pipeline.evaluate.confusion import Confusion
from pipeline.evaluate.dataset import Dataset
from pipeline.evaluate.picture_boxes import picture_boxes
from pipeline.evaluate.plots import confusion_svg, precision_recall_svg
from pipeline.evaluate.rule_figures import RuleFigures

ODD_NAMES = ("$x_1", "_hidden", "<b>&amp;", "コード", "a\x00b\n", "n" * 200)


def _figures(names: tuple[str, ...]) -> RuleFigures:
    one = ClassResults(np.array([0.9, 0.4]), np.array([True, False]), 2)
    matrix = Confusion(names, np.eye(len(names) + 1, dtype=np.int64))
    return RuleFigures((), 0.5, dict.fromkeys(names, one), matrix)


@pytest.mark.parametrize("names", [(), ("qr",), ODD_NAMES, tuple(map(str, range(40)))])
def test_plots_are_well_formed_whatever_the_names(names: tuple[str, ...]) -> None:
    """Names with mathematics, markup, control characters and other scripts are plain text."""
    figures = _figures(names)

    for svg in (precision_recall_svg(figures), confusion_svg(figures.confusion)):
        # It was made right here.
        assert ET.fromstring(svg).tag.endswith("svg")  # noqa: S314


def test_the_same_figures_give_the_same_bytes() -> None:
    """No date and no random names."""
    figures = _figures(("qr", "bar"))

    curves = [precision_recall_svg(figures) for _ in range(2)]
    matrices = [confusion_svg(figures.confusion) for _ in range(2)]

    for first, second in (*pairwise(curves), *pairwise(matrices)):
        assert first == second


def test_nothing_there_and_nothing_found_is_a_plot_all_the_same() -> None:
    """An empty one."""
    nothing = Dataset({7: Path("a.jpg")}, {1: "qr"}, ())

    figures = RuleFigures.of(picture_boxes(nothing, {}), nothing.categories, (), 0.5)

    assert b"<svg" in precision_recall_svg(figures)
    assert b"<svg" in confusion_svg(figures.confusion)
