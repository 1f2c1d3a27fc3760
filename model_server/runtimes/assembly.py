"""The layers between a call and TensorFlow, put together as the flags say."""

from pathlib import Path

from model_server.batching.parameters import parameters_of
from model_server.batching.runtime import BatchingRuntime
from model_server.config import Flags
from model_server.isolation.runtime import IsolatedRuntime
from model_server.runtimes import Runtime
from model_server.runtimes.model_files import has_saved_model, has_tflite_model
from model_server.warmup.runtime import WarmedRuntime, WarmUp


def runtime_of(flags: Flags) -> Runtime:
    """Return what loads and runs the models of a server."""
    runtime = _isolated_runtime_of(flags) if flags.isolate_models else in_process_runtime_of(flags)
    if flags.enable_batching:
        runtime = BatchingRuntime(
            runtime, parameters_of(flags), per_model=flags.enable_per_model_batching_parameters
        )
    if flags.enable_model_warmup:
        runtime = WarmedRuntime(runtime, _warm_up_of(flags))
    return runtime


def in_process_runtime_of(flags: Flags) -> Runtime:
    """Return what runs models in this process, and import TensorFlow for that."""
    from model_server.runtimes.saved_model import SavedModelRuntime  # noqa: PLC0415  # slow
    from model_server.runtimes.tflite import TFLiteRuntime  # noqa: PLC0415  # slow

    runtime: Runtime = SavedModelRuntime(
        tags=tuple(flags.saved_model_tags.split(",")),
        intra_op_threads=flags.intra_op_threads,
        inter_op_threads=flags.inter_op_threads,
        freeze_max_bytes=flags.freeze_variables_up_to_mb * 1_000_000,
    )
    if flags.prefer_tflite_model:
        runtime = TFLiteRuntime(runtime, _interpreters_max(flags), flags.intra_op_threads)
    return runtime


def _isolated_runtime_of(flags: Flags) -> Runtime:
    """Return what has workers run models, without importing TensorFlow."""

    def is_ready(path: Path) -> bool:
        return has_saved_model(path) or (flags.prefer_tflite_model and has_tflite_model(path))

    return IsolatedRuntime(flags, f"{__name__}:{in_process_runtime_of.__name__}", is_ready)


def _interpreters_max(flags: Flags) -> int:
    """Return how many interpreters a TFLite model may have; the original takes 0 for 1 too."""
    return max(1, flags.num_tflite_pools) * max(1, flags.num_tflite_interpreters_per_pool)


def _warm_up_of(flags: Flags) -> WarmUp:
    allowed = parameters_of(flags).allowed_batch_sizes if flags.enable_batching else ()
    return WarmUp(
        iterations=flags.num_request_iterations_for_warmup,
        is_automatic=flags.auto_warmup,
        batch_sizes=allowed or (1,),
    )
