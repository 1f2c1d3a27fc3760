"""The program: `python -m model_server`."""

import logging
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from model_server.config import Flags, parse_flags
from model_server.config_file import config_file_of, initial_config
from model_server.listening import ListenError, listen
from model_server.model_config import models_of
from model_server.status import ServingError
from model_server.stop_signal import StopSignal

_EXIT_BAD_START = 255  # what the original's -1 becomes
_EXIT_NO_PORT = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal says to stop; return the exit status of a start that failed."""
    try:
        flags = parse_flags(arguments)
        _check_early(flags)
        _serve(flags)
    except ServingError as error:
        sys.stderr.write(f"Failed to start server. Error: {error}\n")
        return _EXIT_BAD_START
    except ListenError as error:
        sys.stderr.write(f"{error}\n")
        return _EXIT_NO_PORT


def _check_early(flags: Flags) -> None:
    """Find out what is wrong before TensorFlow takes its seconds to import."""
    models_of(initial_config(flags, config_file_of(flags)))
    listen(flags.host, flags.port).close()
    if flags.rest_api_port:
        listen(flags.host, flags.rest_api_port).close()


def _serve(flags: Flags) -> NoReturn:
    stop = StopSignal()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # read when TensorFlow is imported
    from model_server.runtimes.saved_model import SavedModelRuntime  # noqa: PLC0415  # slow
    from model_server.server import ModelServer  # noqa: PLC0415  # slow

    server = ModelServer(
        flags,
        SavedModelRuntime(
            tags=tuple(flags.saved_model_tags.split(",")),
            intra_op_threads=flags.tensorflow_intra_op_parallelism,
            inter_op_threads=flags.tensorflow_inter_op_parallelism,
        ),
    )
    server.start()
    stop.wait()
    server.drain()
    logging.shutdown()
    # A call that outlived the grace period holds a thread, for which a normal exit would wait.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
