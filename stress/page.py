"""A report as a page: one file, with its style and its charts in it, and nothing from elsewhere."""

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from stress.charts import histogram_chart, latency_chart, throughput_chart
from stress.report import StressReport, milliseconds
from stress.run import End
from stress.step import Step

__all__ = ["render_page"]

_HEADS = ("load", "answers / s", "p50", "p90", "p95", "p99", "max", "answered", "failed", "unsent")
_ENDS = {
    End.STOPPED: "The run was stopped; the last step is incomplete.",
    End.GAVE_UP: "Half or more of the calls of the last step were lost, so the rest was left out.",
    End.BROKEN: "The run broke off.",
}


def render_page(report: StressReport) -> str:
    """Return the page of a run."""
    return "\n".join(_page(report)) + "\n"


def _page(report: StressReport) -> Iterator[str]:
    style = files("serving_client.bench").joinpath("page.css").read_text("utf-8")
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(report.subject.model)} under stress</title>"
    yield f"<style>\n{style}</style>\n</head>\n<body>\n<header>"
    yield '<p class="eyebrow">Stress</p>'
    yield f"<h1>{escape(report.subject.model)} under stress</h1>"
    when = report.measured_at.strftime("%Y-%m-%d %H:%M")
    yield f'<p class="lead">{escape(report.headline())}, {when}.</p>\n</header>\n<main>'
    yield f'<p class="note">{escape(report.verdict())}</p>'
    if report.end in _ENDS:
        yield f'<p class="note">{_ENDS[report.end]}</p>'
    yield from _charts(report)
    yield from _tables(report)
    yield "</main>\n</body>\n</html>"


def _charts(report: StressReport) -> Iterator[str]:
    if not any(step.answered for step in report.steps):
        return
    unit, knee = report.plan.unit, report.knee
    drawn = {
        "Throughput": throughput_chart(report.steps, unit, knee),
        "Latency": latency_chart(report.steps, unit, knee),
        "All answers": histogram_chart(report.histogram),
    }
    for name, svg in drawn.items():
        yield f'<section>\n<h2>{name}</h2>\n<figure class="plot" tabindex="0">{svg}</figure>'
        yield "</section>"


def _tables(report: StressReport) -> Iterator[str]:
    yield "<section>\n<h2>Steps</h2>"
    rows = [_cells(step) for step in report.steps]
    yield from _table(f"By {report.plan.unit}", _HEADS, rows)
    yield "</section>"
    if report.errors:
        yield "<section>\n<h2>Failed calls</h2>"
        errors = [(kind, str(count)) for kind, count in report.errors.items()]
        yield from _table("By kind", ("kind", "calls"), errors)
        yield "</section>"


def _cells(step: Step) -> tuple[str, ...]:
    latency = step.latency
    times = (latency.p50_s, latency.p90_s, latency.p95_s, latency.p99_s, latency.max_s)
    counts = (step.answered, step.failed, step.unsent)
    return (f"{step.load:g}", f"{step.per_s:.1f}", *map(milliseconds, times), *map(str, counts))


def _table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}">'
    yield f"<table>\n<caption>{caption}</caption>\n<thead>\n<tr>"
    yield "".join(f'<th scope="col">{head}</th>' for head in heads)
    yield "</tr>\n</thead>\n<tbody>"
    for name, *cells in rows:
        figures = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        yield f'<tr><th scope="row">{escape(name)}</th>{figures}</tr>'
    yield "</tbody>\n</table>\n</div>"
