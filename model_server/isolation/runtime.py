"""The runtime that isolates: another one loads and runs the models, in processes of their own."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tensorflow_serving.apis.get_model_metadata_pb2 import SignatureDefMap

from model_server.call import Call
from model_server.config import Flags
from model_server.isolation.lane import NoteDropped
from model_server.isolation.pool import WorkerPool
from model_server.isolation.protocol import Failed, Load
from model_server.metrics import record_unwanted
from model_server.runtimes import Servable, SignatureDef, Tensor
from model_server.servable import ServableId
from model_server.status import Code

_LANES_MAX = 256  # each takes two descriptors; TensorFlow has no use for so many calls at once
_REASONS = {Code.DEADLINE_EXCEEDED: "deadline", Code.CANCELLED: "client left"}


class IsolatedRuntime:
    """Loads each version into worker processes of its own.

    Args:
        flags: Of the server.
        builder: The function that makes the runtime of a worker of such flags, as
            `module:function`.
        is_ready: Says whether a version folder holds a complete model.
    """

    def __init__(self, flags: Flags, builder: str, is_ready: Callable[[Path], bool]) -> None:
        self._flags = flags
        self._builder = builder
        self._is_ready = is_ready

    def is_ready(self, path: Path) -> bool:
        """Say whether a version folder holds a complete model, without opening it."""
        return self._is_ready(path)

    def load(self, servable_id: ServableId, path: Path) -> Servable:
        """Start the workers of a version, and wait until they have loaded it.

        Raises:
            ServingError: It cannot be loaded, or a worker cannot be started or ended.
        """
        flags = self._flags
        load = Load(
            name=servable_id.name,
            version=servable_id.version,
            path=str(path),
            builder=self._builder,
            flags=asdict(flags_of_worker(flags, len(os.sched_getaffinity(0)))),
        )
        pool = WorkerPool(
            load,
            workers=flags.workers_per_model,
            lanes_max=min(_LANES_MAX, flags.grpc_max_threads + flags.rest_api_num_threads),
            note_dropped=_note_dropped(servable_id),
        )
        return _IsolatedServable(pool, pool.start())


def flags_of_worker(flags: Flags, cpus: int) -> Flags:
    """Return the flags of one of several workers: TensorFlow's threads are shared out.

    Each TensorFlow would take a thread for each processor, so that several of them had more than
    there are processors. A number that was chosen is left as it is, and so is a single worker.

    Example:
        >>> flags = Flags(model_base_path="/models/ssd", workers_per_model=3)
        >>> flags_of_worker(flags, cpus=8).intra_op_threads
        2
    """
    if flags.workers_per_model == 1:
        return flags
    share = max(1, cpus // flags.workers_per_model)
    return replace(
        flags,
        tensorflow_session_parallelism=0,
        tensorflow_intra_op_parallelism=flags.intra_op_threads or share,
        tensorflow_inter_op_parallelism=flags.inter_op_threads or share,
    )


class _IsolatedServable:
    """One loaded version of one model, in a pool of workers."""

    def __init__(self, pool: WorkerPool, signatures: Mapping[str, Tensor]) -> None:
        self._pool = pool
        self._signatures = _signatures(signatures)

    @property
    def signatures(self) -> Mapping[str, SignatureDef]:
        return self._signatures

    def run(
        self,
        signature: str,
        inputs: Mapping[str, Tensor],
        outputs: Iterable[str],
        call: Call,
    ) -> dict[str, Tensor]:
        with _ship_timed(call), self._pool.lane(signature, call) as lane:
            answer = lane.run(signature, inputs, outputs, call)
            for stage, seconds in answer.spent_s.items():
                call.spent_s[stage] = call.spent_s.get(stage, 0.0) + seconds
            if isinstance(answer, Failed):
                raise answer.error
            return lane.contents(answer)

    def close(self) -> None:
        self._pool.close()


@contextmanager
def _ship_timed(call: Call) -> Iterator[None]:
    """Add to the stage `ship` whatever a block takes beyond what it adds to other stages."""
    started, spent_s = time.perf_counter(), sum(call.spent_s.values())
    try:
        yield
    finally:
        took_s = time.perf_counter() - started
        elsewhere_s = sum(call.spent_s.values()) - spent_s
        call.spent_s["ship"] = call.spent_s.get("ship", 0.0) + max(0.0, took_s - elsewhere_s)


def _signatures(serialized: Mapping[str, Tensor]) -> Mapping[str, SignatureDef]:
    signatures: Any = SignatureDefMap().signature_def
    for name, message in serialized.items():
        signatures[name].MergeFromString(message.item())
    return dict(signatures)


def _note_dropped(servable_id: ServableId) -> NoteDropped:
    def note(signature: str, code: Code) -> None:
        record_unwanted(servable_id.name, str(servable_id.version), signature, _REASONS[code])

    return note
