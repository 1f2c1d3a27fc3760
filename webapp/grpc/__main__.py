"""``python -m webapp.grpc``: serve the gRPC API."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

from serving_client import ENVIRONMENT, ClientConfig, ConfigError
from webapp.access.strangers import warn_of_strangers
from webapp.assembly import assemble
from webapp.exceptions import SettingsError, WebappError
from webapp.grpc.server import GrpcFront
from webapp.grpc.settings import GrpcSettings, TlsFiles
from webapp.samples import BUNDLED
from webapp.telemetry.logs import log_to_stderr

_log = logging.getLogger("webapp")

_WAIT_S = 0.5


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until a signal, and return the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        _serve(_settings(arguments), _tls_files(arguments))
    except (WebappError, ConfigError) as error:
        print(f"webapp.grpc: {error}", file=sys.stderr)  # noqa: T201  a command line's answer
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    documented = GrpcSettings.documented()
    lines = [f"  {name}\n      {doc} [{default}]" for name, default, doc in documented]
    lines += [f"  {name}\n      {each.doc} [{each.default}]" for name, each in ENVIRONMENT.items()]
    parser = argparse.ArgumentParser(
        prog="python -m webapp.grpc",
        description="Serve the gRPC API of Sightline, on the same models, pictures and results as "
        "`python -m webapp`.",
        epilog="environment variables [and defaults]:\n" + "\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", help="address to listen on (SIGHTLINE_GRPC_HOST)")
    parser.add_argument("--port", type=int, help="port to listen on (SIGHTLINE_GRPC_PORT)")
    parser.add_argument("--tls-certificate", type=Path, metavar="FILE", help="turn TLS on (PEM)")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="key of the certificate (PEM)")
    parser.add_argument(
        "--tls-client-ca",
        type=Path,
        metavar="FILE",
        help="clients must show a certificate signed by one of these (PEM)",
    )
    return parser


def _settings(arguments: argparse.Namespace) -> GrpcSettings:
    given = {"grpc_host": arguments.host, "grpc_port": arguments.port}
    changes = {name: value for name, value in given.items() if value is not None}
    return replace(GrpcSettings.from_env(), **changes)


def _tls_files(arguments: argparse.Namespace) -> TlsFiles | None:
    certificate, key = arguments.tls_certificate, arguments.tls_key
    if certificate and key:
        return TlsFiles(certificate, key, arguments.tls_client_ca)
    if certificate or key or arguments.tls_client_ca:
        raise SettingsError("TLS: --tls-certificate and --tls-key are both needed.")
    return None


def _serve(settings: GrpcSettings, tls_files: TlsFiles | None) -> None:
    log_to_stderr(settings.log_format)
    ClientConfig.from_env()  # a bad SIGHTLINE_SERVING_* shows now, not at the first call
    credentials = tls_files.credentials() if tls_files else None
    parts = assemble(settings, client=None, samples_folder=BUNDLED)
    signals: SimpleQueue[int] = SimpleQueue()  # a handler may put into it at any moment
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: signals.put(number))
    try:
        front = GrpcFront(parts, settings, credentials=credentials)
        front.start()
        warn_of_strangers(parts, settings.grpc_host)
        _log.info("listening for gRPC on %s:%d", settings.grpc_host, front.port)
        _wait_for(signals)
        front.stop()
    finally:
        parts.close()
    _log.info("stopped; everything that ran was finished")


def _wait_for(signals: SimpleQueue[int]) -> None:
    """Wait for one, though never long at a time.

    Python handles a signal that comes right before a wait only when that wait is over.
    """
    while True:
        with suppress(Empty):
            signals.get(timeout=_WAIT_S)
            return


if __name__ == "__main__":
    sys.exit(main())
