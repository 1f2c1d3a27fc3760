"""The files of a report."""

from pipeline.evaluate.contact_sheet import contact_sheet
from pipeline.evaluate.page import render_page
from pipeline.evaluate.plots import confusion_svg, precision_recall_svg
from pipeline.evaluate.report import EvaluationReport
from pipeline.evaluate.report_folder import (
    CONFUSION_FILE,
    JSON_FILE,
    PAGE_FILE,
    PRECISION_RECALL_FILE,
    WORST_FILE,
)


def report_files(report: EvaluationReport) -> dict[str, bytes]:
    """Return contents by name; the sheet of the worst pictures only where something is wrong."""
    files = {
        PAGE_FILE: render_page(report).encode(),
        JSON_FILE: report.to_json().encode(),
        PRECISION_RECALL_FILE: precision_recall_svg(report.main),
        CONFUSION_FILE: confusion_svg(report.main.confusion),
    }
    if report.worst:
        files[WORST_FILE] = contact_sheet(report.worst)
    return files
