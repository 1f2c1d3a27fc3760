"""Options that several commands share, and the environment variables behind them."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

REPOSITORY_VARIABLE = "SIGHTLINE_MODEL_REPOSITORY"
MIRROR_VARIABLE = "SIGHTLINE_MODEL_MIRROR"

# argparse gives it no public name.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001


def repository_option(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    """Return a parent parser with `--repository`."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(
        "--repository",
        type=Path,
        metavar="DIR",
        default=Path(environ.get(REPOSITORY_VARIABLE) or "model_repository"),
        help=f"folder of the installed models ({REPOSITORY_VARIABLE}; now %(default)s)",
    )
    return parent


def at_least_one(text: str) -> int:
    """Read an option whose value is a whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)
