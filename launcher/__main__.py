"""`python -m launcher`: what `make run` and `make dev` call."""

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from launcher.ports import port_number
from launcher.stack import Ports, Stack, StackError, specs


def main() -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m launcher",
        description="Starts the model server, the web app and, where PyAV is installed, the "
        "worker for videos; stops all of them with Ctrl-C.",
    )
    usual = Ports()
    parser.add_argument(
        "--web-port", type=port_number, default=usual.web, help="default: %(default)s"
    )
    parser.add_argument(
        "--grpc-port", type=port_number, default=usual.grpc, help="default: %(default)s"
    )
    parser.add_argument(
        "--rest-port", type=port_number, default=usual.rest, help="default: %(default)s"
    )
    parser.add_argument("--dev", action="store_true", help="Flask's development server, reloading")
    options = parser.parse_args()
    repository = Path(os.environ.get("SIGHTLINE_MODEL_REPOSITORY") or "model_repository")
    try:
        ports = Ports(options.web_port, options.grpc_port, options.rest_port)
        videos = find_spec("av") is not None  # PyAV, of the extra `video`
        Stack(ports, specs(ports, repository, dev=options.dev, videos=videos)).run()
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
