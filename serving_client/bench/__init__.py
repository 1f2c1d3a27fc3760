"""Measuring a model server under load: what `sightline-client bench` runs.

    plan = Plan(concurrency=16, duration_s=30)
    with ServingClient("127.0.0.1:8500") as client:
        recording = load_with_threads(plan, lambda _: client.predict(model, inputs).timings)
    print(Summary.of(recording).latency.p99_s)

`_plan` says what is wanted, `_pacing` when each call is due; `_load` and `_aio_load` make the
calls, by the books of `_ledger`. `_recording` has what came of each, `_summary` the figures,
`_report` the file, `_page` with `_plots` the page; `Axis` and `Chart` draw for others, too.
"""

from serving_client.bench._aio_load import load_with_asyncio
from serving_client.bench._chart import Axis, Chart
from serving_client.bench._ledger import Progress
from serving_client.bench._load import load_with_threads
from serving_client.bench._page import render_page
from serving_client.bench._plan import Plan
from serving_client.bench._recording import FailedCallError, Recording
from serving_client.bench._report import BenchReport, Subject
from serving_client.bench._summary import Percentiles, Summary, TimeSplit

__all__ = [
    "Axis",
    "BenchReport",
    "Chart",
    "FailedCallError",
    "Percentiles",
    "Plan",
    "Progress",
    "Recording",
    "Subject",
    "Summary",
    "TimeSplit",
    "load_with_asyncio",
    "load_with_threads",
    "render_page",
]
