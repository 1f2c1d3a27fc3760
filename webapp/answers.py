"""From what a model found to a finished result."""

from dataclasses import replace

from recognition import Look
from serving_client import Timings
from vision import Classification, Detections
from webapp.results import NO_CLASSES, NO_DETECTIONS, Result, StageTimes, State
from webapp.stopwatch import Stopwatch


def answered(pending: Result, look: Look, watch: Stopwatch) -> Result:
    """Return the result with its answer.

    Args:
        pending: The result without it.
        look: What the model found.
        watch: With a lap "decode", and one "store" where something was stored.
    """
    detections, classification = _by_task(look.found)
    return replace(
        pending,
        model_version=look.version,
        state=State.DONE,
        failure_kind=None,
        failure_sentence="",
        detections=detections.above(pending.score_floor),
        classification=classification,
        times=_stage_times(watch, look.timings),
    )


def _by_task(found: Detections | Classification) -> tuple[Detections, Classification]:
    if isinstance(found, Classification):
        return NO_DETECTIONS, found
    return found, NO_CLASSES


def _stage_times(watch: Stopwatch, call: Timings) -> StageTimes:
    """Put the two clocks together; what is left of a call goes to the server's part."""
    encode_ms, parse_ms = call.encode_s * 1000, call.decode_s * 1000
    return StageTimes(
        decode=watch.laps_ms["decode"],
        store=watch.laps_ms.get("store", 0.0),
        encode=encode_ms,
        serve=call.total_s * 1000 - encode_ms - parse_ms,
        parse=parse_ms,
        total=watch.total_ms,
    )
