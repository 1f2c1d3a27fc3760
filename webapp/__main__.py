"""``python -m webapp``: serve the pages and the API."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace

from serving_client import ENVIRONMENT, ClientConfig, ConfigError
from webapp.access.strangers import is_this_machine, warn_of_strangers
from webapp.app import create_app
from webapp.commands import gc, keys, users
from webapp.exceptions import ListenError, WebappError
from webapp.server import WebServer, listen
from webapp.services import parts_of
from webapp.settings import Settings
from webapp.telemetry.logs import log_to_stderr

_log = logging.getLogger("webapp")


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until a signal, and return the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(arguments, _settings(arguments))
    except (WebappError, ConfigError) as error:
        print(f"webapp: {error}", file=sys.stderr)  # noqa: T201  the answer of a command line
        return 1
    return 0


def _run(arguments: argparse.Namespace, settings: Settings) -> None:
    log_to_stderr(settings.log_format)
    ClientConfig.from_env()  # a bad SIGHTLINE_SERVING_* shows now, not at the first upload
    if arguments.dev:
        _serve_for_development(settings)
    else:
        _serve(settings)


def _parser() -> argparse.ArgumentParser:
    lines = [f"  {name}\n      {doc} [{default}]" for name, default, doc in Settings.documented()]
    lines += [f"  {name}\n      {each.doc} [{each.default}]" for name, each in ENVIRONMENT.items()]
    parser = argparse.ArgumentParser(
        prog="python -m webapp",
        description="Serve the pages and the API of Sightline, or do what a command says.",
        epilog="environment variables [and defaults]:\n" + "\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", help="address to listen on (SIGHTLINE_WEB_HOST)")
    parser.add_argument("--port", type=int, help="port to listen on (SIGHTLINE_WEB_PORT)")
    parser.add_argument(
        "--dev",
        action="store_true",
        help="use Flask's development server, which reloads changed code; loopback only",
    )
    parser.set_defaults(run=_run)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands, in place of serving")
    for command in (keys, users, gc):
        command.add_parser(commands)
    return parser


def _settings(arguments: argparse.Namespace) -> Settings:
    given = {"web_host": arguments.host, "web_port": arguments.port}
    changes = {name: value for name, value in given.items() if value is not None}
    return replace(Settings.from_env(), **changes)


def _serve(settings: Settings) -> None:
    listener = listen(settings.web_host, settings.web_port)
    app = create_app(settings)
    server = WebServer(app, listener, settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    host, port = listener.getsockname()[:2]
    warn_of_strangers(parts_of(app), settings.web_host)
    _log.info("listening on http://%s:%d", host, port)
    server.run()
    parts_of(app).close()
    _log.info("stopped; everything that ran was finished")


def _serve_for_development(settings: Settings) -> None:
    if not is_this_machine(settings.web_host):
        raise ListenError(f"--dev listens on loopback only, not on {settings.web_host}.")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # its access lines repeat ours
    _log.info("listening on http://%s:%d for development", settings.web_host, settings.web_port)
    # Without the debugger: it runs code for whoever reaches it.
    create_app(settings).run(
        settings.web_host, settings.web_port, debug=True, use_debugger=False, threaded=True
    )


if __name__ == "__main__":
    sys.exit(main())
