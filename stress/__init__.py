"""How much a running system bears: rising loads, what comes of each, and the knee.

    plan = StressPlan(loads=(1, 2, 4, 8), step_s=5)
    outcome = StressRun(plan, ModelServerCalls(client, model, data)).go()

It stands on `serving_client.bench`, which makes and measures one load. `plan` says which loads,
within bounds; `run` makes them; `step` and `histogram` hold what came of each; `knee` finds where
latency begins to rise; `report` puts all together, `charts` and `page` show it. `alone` and
`loopback` keep runs from harming others. Web application and command line are built on it.
"""

from stress.alone import alone
from stress.charts import histogram_chart, latency_chart, throughput_chart
from stress.exceptions import (
    ForeignError,
    InUseError,
    LockError,
    PlanError,
    ReportError,
    StressError,
)
from stress.histogram import Histogram
from stress.knee import Knee, Point, Sign, find_knee
from stress.loopback import check_target, check_url, is_this_machine
from stress.model_server import ModelServerCalls
from stress.page import render_page
from stress.plan import By, StressPlan, parse_loads
from stress.report import StressReport, Subject, Way
from stress.run import Call, End, Live, Outcome, StressRun
from stress.step import Step

__all__ = [
    "By",
    "Call",
    "End",
    "ForeignError",
    "Histogram",
    "InUseError",
    "Knee",
    "Live",
    "LockError",
    "ModelServerCalls",
    "Outcome",
    "PlanError",
    "Point",
    "ReportError",
    "Sign",
    "Step",
    "StressError",
    "StressPlan",
    "StressReport",
    "StressRun",
    "Subject",
    "Way",
    "alone",
    "check_target",
    "check_url",
    "find_knee",
    "histogram_chart",
    "is_this_machine",
    "latency_chart",
    "parse_loads",
    "render_page",
    "throughput_chart",
]
