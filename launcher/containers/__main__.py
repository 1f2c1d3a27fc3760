"""`python -m launcher.containers`: what `make run-gpu`, `run-cpu`, `stop` and `logs` call."""

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path

from launcher.containers.commands import Containers
from launcher.containers.docker import Docker
from launcher.containers.exceptions import ContainersError
from launcher.containers.following import follow
from launcher.containers.life import start, stop
from launcher.containers.requirements import check_machine
from launcher.ports import port_number

_ROOT = Path(__file__).resolve().parents[2]
_INTERRUPTED = 130


def main() -> int:
    """Command line; returns the exit status."""
    options = _parser().parse_args()
    docker = Docker()
    try:
        if options.command == "start":
            start(_containers(options), docker)
        elif options.command == "check":
            check_machine(docker, gpu=options.gpu)
        elif options.command == "stop":
            stop(docker)
        else:
            with suppress(KeyboardInterrupt):
                follow(docker, once=options.once)
    except ContainersError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m launcher.containers",
        description="TensorFlow Serving and the web app, each in a container of its own.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    begin = commands.add_parser("start", help="start both, and say when they are ready")
    begin.add_argument("--image", required=True, help="of TensorFlow Serving")
    begin.add_argument("--gpu", action="store_true", help="give it the GPUs of this machine")
    begin.add_argument("--web-image", default="", help="of the web app; default: build it")
    begin.add_argument("--web-port", type=port_number, default=5000, help="default: %(default)s")
    begin.add_argument("--grpc-port", type=port_number, default=8500, help="default: %(default)s")
    begin.add_argument("--rest-port", type=port_number, default=8501, help="default: %(default)s")
    look = commands.add_parser("check", help="say what is missing on this machine, if anything")
    look.add_argument("--gpu", action="store_true", help="look for a GPU, too")
    commands.add_parser("stop", help="end and remove both; uploads and results stay")
    logs = commands.add_parser("logs", help="show what both write")
    logs.add_argument("--once", action="store_true", help="do not wait for more")
    return parser


def _containers(options: argparse.Namespace) -> Containers:
    repository = Path(os.environ.get("SIGHTLINE_MODEL_REPOSITORY") or _ROOT / "model_repository")
    return Containers(
        _ROOT, repository.resolve(), options.image, options.gpu, options.web_image,
        options.web_port, options.grpc_port, options.rest_port,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
