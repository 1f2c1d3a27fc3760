"""``python -m webapp.video_worker``: look at videos until a signal."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace

from serving_client import ENVIRONMENT, ClientConfig, ConfigError
from videos import LibraryMissingError, has_library
from webapp.assembly import assemble
from webapp.exceptions import WebappError
from webapp.samples import BUNDLED
from webapp.settings import Settings
from webapp.telemetry.logs import log_to_stderr
from webapp.video_worker.worker import VideoWorker

_log = logging.getLogger("webapp")


def main(argv: Sequence[str] | None = None) -> int:
    """Work until a signal, and return the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        if not has_library():
            raise LibraryMissingError  # noqa: TRY301  one way out for every such sentence
        _run(Settings.from_env(), until_idle=arguments.until_idle)
    except (WebappError, ConfigError, LibraryMissingError) as error:
        print(f"webapp.video_worker: {error}", file=sys.stderr)  # noqa: T201  a command line's answer
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    lines = [f"  {name}\n      {doc} [{default}]" for name, default, doc in Settings.documented()]
    lines += [f"  {name}\n      {each.doc} [{each.default}]" for name, each in ENVIRONMENT.items()]
    parser = argparse.ArgumentParser(
        prog="python -m webapp.video_worker",
        description="Look at the videos that were sent to Sightline, one after the other.",
        epilog="environment variables [and defaults]:\n" + "\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--until-idle", action="store_true", help="end when no video waits any more"
    )
    return parser


def _run(settings: Settings, *, until_idle: bool) -> None:
    log_to_stderr(settings.log_format)
    ClientConfig.from_env()  # a bad SIGHTLINE_SERVING_* shows now, not at the first frame
    # The gate is for uploads of many people; here the number of calls is bounded already.
    roomy = replace(settings, recognitions_max=max(settings.video_calls_max, 1))
    parts = assemble(roomy, client=None, samples_folder=BUNDLED)
    worker = VideoWorker(parts, settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    _log.info("waiting for videos as %s", worker.name)
    try:
        worker.run(until_idle=until_idle)
    finally:
        parts.close()
        worker.close()
    _log.info("stopped; every video is done, or back in the queue")


if __name__ == "__main__":
    sys.exit(main())
