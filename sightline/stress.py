"""`sightline stress`: the same runs as those of the page, from a terminal."""

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from sightline.exceptions import UsageError
from sightline.output import write_file
from sightline.stress_aims import Aim, aimed
from sightline.stress_screen import StressScreen
from stress import (
    By,
    End,
    ForeignError,
    StressError,
    StressPlan,
    StressReport,
    StressRun,
    alone,
    parse_loads,
    render_page,
)

_FAILED, _INTERRUPTED = 1, 130


def stress(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Make a run, write what came of it, and return the exit status.

    Raises:
        UsageError: The run may not or cannot begin.
        PictureFailedError: The first call has no answer.
    """
    try:
        plan = _plan(arguments)
        with alone(), aimed(arguments, environ, plan) as aim:
            report = _made(plan, aim, StressScreen(is_quiet=arguments.quiet or arguments.json))
    except ForeignError as error:
        raise UsageError(f"{error} With --remote it is done all the same.") from error
    except StressError as error:
        raise UsageError(str(error)) from error
    _write(arguments, report)
    if report.end is End.STOPPED:
        return _INTERRUPTED
    return 0 if any(step.answered for step in report.steps) else _FAILED


def _plan(arguments: argparse.Namespace) -> StressPlan:
    return StressPlan(
        loads=parse_loads(arguments.rate or arguments.callers),
        by=By.RATE if arguments.rate else By.CALLERS,
        step_s=arguments.seconds,
        count=arguments.count,
        callers_max=arguments.in_flight,
    )


def _made(plan: StressPlan, aim: Aim, screen: StressScreen) -> StressReport:
    report = StressReport(aim.subject, plan, datetime.now(UTC))
    with screen.shown(report):
        run = StressRun(plan, aim.call, on_progress=screen.progress, on_stop=aim.end_calls)
        outcome = run.go()
    return StressReport(aim.subject, plan, report.measured_at, steps=outcome.steps, end=outcome.end)


def _write(arguments: argparse.Namespace, report: StressReport) -> None:
    document = json.dumps(report.to_fields(), indent=2) + "\n"
    if arguments.save is not None:
        write_file(arguments.save, document.encode())
    if arguments.html is not None:
        write_file(arguments.html, render_page(report).encode())
    text = document if arguments.json else "".join(f"{line}\n" for line in report.to_lines())
    sys.stdout.write(text)
