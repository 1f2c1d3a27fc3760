"""A report as a page to read."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.evaluate.hit_rule import IOU_MIN, SCAN_LINE_OVERLAP_MIN
from pipeline.evaluate.report import EvaluationReport

_TEMPLATES = Path(__file__).parent / "templates"
_MISSING = "\N{EN DASH}"


def render_page(report: EvaluationReport) -> str:
    """Return the page: one HTML file with its style in it, and the pictures beside it."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "score": _score,
        "share": _share,
        "ms": _ms,
    }
    return environment.get_template("report.html").render(
        report=report,
        iou_min=IOU_MIN,
        scan_line_overlap_min=SCAN_LINE_OVERLAP_MIN,
    )


def _score(value: float | None) -> str:
    return _MISSING if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return _MISSING if value is None else f"{100 * value:.1f} %"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f}"
