"""What may stand behind `sightline stress`."""

import argparse
from pathlib import Path

from stress.plan import CALLERS_MAX, CALLS_MAX, LOADS_MAX, RATE_MAX_PER_S, STEP_S_MAX, TOTAL_S_MAX

STRESS = "Find out how much load the system bears, and where its latency begins to rise"
_BOUNDS = (
    f"At most {LOADS_MAX} steps, {CALLERS_MAX} callers or {RATE_MAX_PER_S:g} calls a second, "
    f"{STEP_S_MAX:g} seconds a step, {TOTAL_S_MAX:g} seconds and {CALLS_MAX:,} calls in all; one "
    "run at a time on a machine. Nothing that is looked at is kept."
)
LOADS = "1,2,4,8,16"


def add_stress(command: argparse.ArgumentParser) -> None:
    """Add what is about the load, and about its report."""
    command.epilog = _BOUNDS
    command.add_argument(
        "picture", type=Path, metavar="FILE", help="the picture that is looked at again and again"
    )
    command.add_argument("--model", metavar="NAME", help="default: the first; see `models`")
    loads = command.add_mutually_exclusive_group()
    loads.add_argument(
        "--callers",
        default=LOADS,
        metavar="N,N,...",
        help="callers of each step, each of whom calls again with its answer (default: "
        "%(default)s)",
    )
    loads.add_argument(
        "--rate",
        metavar="N,N,...",
        help="in place of callers: calls due a second in each step, whatever became of others",
    )
    command.add_argument(
        "--in-flight",
        type=int,
        default=32,
        metavar="N",
        help="with --rate: the most calls at the same time (default: %(default)s)",
    )
    command.add_argument(
        "--seconds",
        type=float,
        default=3.0,
        metavar="S",
        help="how long to measure each step (default: %(default)g)",
    )
    command.add_argument(
        "--count", type=int, metavar="N", help="end a step after so many calls, too"
    )
    command.add_argument(
        "--remote",
        action="store_true",
        help="allow a server that is not on this machine; ask whoever runs it first",
    )
    command.add_argument("--save", type=Path, metavar="FILE", help="write the report as JSON")
    command.add_argument("--html", type=Path, metavar="FILE", help="write the report as a page")
    command.add_argument("--json", action="store_true", help="print the report as JSON")
    command.add_argument("--quiet", action="store_true", help="no live figures")
