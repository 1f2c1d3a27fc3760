"""A report as a page to read: one file with all that is in it."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline import evaluate
from pipeline.optimise.gallery import Exhibit
from pipeline.optimise.plots import bars_svg, trade_svg
from pipeline.optimise.report import OptimiseReport

# The style is that of the other report.
_TEMPLATES = (
    Path(__file__).parent / "templates",
    Path(evaluate.__file__).parent / "templates",
)


def render_page(report: OptimiseReport, exhibits: Sequence[Exhibit]) -> str:
    """Return the page; it needs no other file and no network."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("optimise.html").render(
        report=report,
        bars=bars_svg(report),
        trade=trade_svg(report),
        exhibits=exhibits,
    )
