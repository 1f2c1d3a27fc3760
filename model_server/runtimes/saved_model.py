"""SavedModels of TensorFlow 1 and 2, run in a session, as TensorFlow Serving runs them."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.client import pywrap_tf_session

from model_server.call import Call
from model_server.runtimes import Servable, SignatureDef, Tensor
from model_server.runtimes.freezing import frozen
from model_server.runtimes.memory import give_back
from model_server.runtimes.model_files import has_saved_model
from model_server.servable import ServableId
from model_server.status import Code, ServingError

# What the loader raises besides TensorFlow's own errors, and what the original would call it.
_LOAD_CODES: tuple[tuple[type[Exception], Code], ...] = (
    (OSError, Code.DATA_LOSS),
    (RuntimeError, Code.NOT_FOUND),
    (ValueError, Code.INVALID_ARGUMENT),
)


@dataclass(frozen=True, slots=True)
class SavedModelRuntime:
    """Loads SavedModels.

    `tags` select the graph within the file. The numbers of threads are those of TensorFlow; 0 lets
    it choose. Variables of up to `freeze_max_bytes` become constants where nothing writes them.
    """

    tags: tuple[str, ...] = ("serve",)
    intra_op_threads: int = 0
    inter_op_threads: int = 0
    freeze_max_bytes: int = 0

    def is_ready(self, path: Path) -> bool:
        """Say whether the file that is written last is there."""
        return has_saved_model(path)

    def load(self, servable_id: ServableId, path: Path) -> Servable:  # noqa: ARG002  # all load alike
        """Load a SavedModel.

        Raises:
            ServingError: There is no usable one.
        """
        session = self._session(tf.Graph())
        try:
            with session.graph.as_default():
                signatures = dict(_load(session, self.tags, path).signature_def)
            session = self._frozen(session, signatures)
            give_back()  # loading leaves more behind than a model has
            return _SavedModel(session, signatures)
        except BaseException:
            session.close()
            raise

    def _frozen(self, session: Any, signatures: Mapping[str, SignatureDef]) -> Any:
        """Return a session with constants in place of variables, or the same one."""
        graph = frozen(session, _all_tensors(session.graph, signatures), self.freeze_max_bytes)
        if graph is None:
            return session
        session.close()
        return self._session(graph)

    def _session(self, graph: Any) -> Any:
        return tf.compat.v1.Session(graph=graph, config=self._config())

    def _config(self) -> Any:
        return tf.compat.v1.ConfigProto(
            intra_op_parallelism_threads=self.intra_op_threads,
            inter_op_parallelism_threads=self.inter_op_threads,
            allow_soft_placement=True,  # a model exported on a GPU runs here too
            gpu_options={"allow_growth": True},
        )


def _load(session: Any, tags: Iterable[str], path: Path) -> Any:
    tf.get_logger().setLevel(logging.ERROR)  # the loader calls itself deprecated each time
    try:
        return tf.compat.v1.saved_model.loader.load(session, list(tags), str(path))
    except tf.errors.OpError as error:
        raise _serving_error(error) from error
    except (OSError, RuntimeError, ValueError) as error:
        code = next(code for kind, code in _LOAD_CODES if isinstance(error, kind))
        raise ServingError(code, str(error)) from error


class _SavedModel:
    """One loaded SavedModel.

    Calls go to the session's own entry point below the public `Session.run`, which would cast
    inputs and check their shapes by rules of its own. The original leaves both to the graph, and
    so the errors here are the original's too.
    """

    def __init__(self, session: Any, signatures: Mapping[str, SignatureDef]) -> None:
        self._session = session
        self._signatures = signatures
        self._ends = {
            name: _Ends(
                feeds=_as_ends(_tensors(session.graph, signature.inputs)),
                fetches=_as_ends(_tensors(session.graph, signature.outputs)),
            )
            for name, signature in signatures.items()
        }

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
        ends, outputs = self._ends[signature], list(outputs)
        feeds = {_end(ends.feeds, alias): tensor for alias, tensor in inputs.items()}
        fetches = [_end(ends.fetches, alias) for alias in outputs]
        with _run_options(call.remaining_s()) as options, call.timed("run"):
            try:
                results = self._session._call_tf_sessionrun(options, feeds, fetches, [], None)  # noqa: SLF001  # see the class
            except tf.errors.OpError as error:
                raise _serving_error(error) from error
            except UnicodeDecodeError as error:
                # The message quotes bytes of the request, so it was about them; TensorFlow's
                # bindings lose the error over it.
                raise ServingError(Code.INVALID_ARGUMENT, _quoted(error.object)) from error
        return {alias: _as_array(result) for alias, result in zip(outputs, results, strict=True)}

    def close(self) -> None:
        self._session.close()
        del self._session
        give_back()


@dataclass(frozen=True, slots=True)
class _Ends:
    """Where tensors enter and leave the graph in one signature, by alias."""

    feeds: Mapping[str, Any]
    fetches: Mapping[str, Any]


def _all_tensors(graph: Any, signatures: Mapping[str, SignatureDef]) -> list[Any]:
    """Find what any signature feeds or fetches."""
    infos = chain.from_iterable((each.inputs, each.outputs) for each in signatures.values())
    return [tensor for each in infos for tensor in _tensors(graph, each).values()]


def _tensors(graph: Any, infos: Mapping[str, Any]) -> dict[str, Any]:
    """Find the tensors of a signature; an initialiser's "output" names none and is left out."""
    found = {}
    for alias, info in infos.items():
        with suppress(KeyError, ValueError):
            found[alias] = graph.get_tensor_by_name(info.name)
    return found


def _as_ends(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Name tensors as the session's own entry point wants them."""
    return {alias: tensor._as_tf_output() for alias, tensor in tensors.items()}  # noqa: SLF001  # see `_SavedModel`


def _end(ends: Mapping[str, Any], alias: str) -> Any:
    if alias not in ends:
        raise ServingError(Code.INVALID_ARGUMENT, f"{alias} names no tensor of the graph")
    return ends[alias]


@contextmanager
def _run_options(timeout_s: float | None) -> Iterator[Any]:
    """Hold the options of one run in the buffer that the session wants them in."""
    if timeout_s is None:
        yield None
        return
    timeout_ms = max(1, int(timeout_s * 1000))  # 0 would mean no limit
    options = tf.compat.v1.RunOptions(timeout_in_ms=timeout_ms)
    buffer = pywrap_tf_session.TF_NewBufferFromString(options.SerializeToString())
    try:
        yield buffer
    finally:
        pywrap_tf_session.TF_DeleteBuffer(buffer)


def _as_array(result: Any) -> Tensor:
    """Make an array of a result; a scalar string arrives as bytes, which numpy would trim."""
    return np.array(result, object) if isinstance(result, bytes) else np.asarray(result)


def _quoted(message: bytes) -> str:
    return message.decode("utf-8", "backslashreplace")


def _serving_error(error: Any) -> ServingError:
    """Pass a TensorFlow error on with its code and message."""
    return ServingError(Code(error.error_code), str(error.message))
