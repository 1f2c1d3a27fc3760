"""Runs benchmarks, prints a table, and writes `benchmarks/results/latest.json`.

All of them take about half an hour; `python -m benchmarks client zmq` runs only those two.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import batching, client, encoding, isolation, life, serving, startup, web, zmq
from benchmarks.measure import Row
from vision import ModelCard

RESULTS = Path(__file__).parent / "results" / "latest.json"
MIRRORED = "ssd_mobilenet_v1_075_coco"


@dataclass(frozen=True, slots=True)
class _Detection:
    """A model to measure with, and a picture for it."""

    subject: serving.Subject
    picture: bytes


_ALONE: Mapping[str, Callable[[], Iterable[Row]]] = {
    "startup": startup.rows,
    "encoding": encoding.rows,
    "client": client.rows,
    "batching": batching.rows,
    "zmq": zmq.rows,
    "life": life.rows,
}
_WITH_MODEL: Mapping[str, Callable[[_Detection], Iterable[Row]]] = {
    "serving": lambda given: serving.rows(given.subject, given.picture),
    "isolation": lambda given: isolation.rows(given.subject, given.picture),
    "web": lambda given: web.rows(given.subject, given.picture),
}


def main() -> int:
    """Measures what was asked for, as far as it can be measured here; returns the exit status."""
    names = _names()
    console = Console(width=None if sys.stdout.isatty() else 200)
    rows = list(_rows(names, console))
    console.print(_table(rows))
    _write(rows)
    return 0


def _names() -> list[str]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known = [*_ALONE, *_WITH_MODEL]
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(known)}; default: all"
    )
    names = list(dict.fromkeys(parser.parse_args().names))
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}, only {', '.join(known)}")
    return names or known


def _rows(names: list[str], console: Console) -> Iterator[Row]:
    for name in names:
        if name in _ALONE:
            console.print(f"{name} ...")
            yield from _ALONE[name]()
    measured = [name for name in names if name in _WITH_MODEL]
    if not measured:
        return
    with _subject() as subject:
        if subject is None:
            left_out = ", ".join(measured)
            console.print(f"No model is installed (`make models`): {left_out} is left out.")
            return
        shared = os.environ.get("SIGHTLINE_SHARED")
        detection = _Detection(subject, web.photograph(Path(shared) / "photos" if shared else None))
        for name in measured:
            console.print(f"{name} ...")
            yield from _WITH_MODEL[name](detection)


@contextmanager
def _subject() -> Iterator[serving.Subject | None]:
    """The best model that is installed, or else one from the mirror in a folder of its own."""
    installed = Path(os.environ.get("SIGHTLINE_MODEL_REPOSITORY") or "model_repository")
    best = _best(installed)
    mirror = Path(os.environ.get("SIGHTLINE_SHARED") or "/nowhere") / "mirror"
    if best is not None or not mirror.is_dir():
        yield best
        return
    with tempfile.TemporaryDirectory() as folder:
        options = ["--mirror", str(mirror), "--repository", folder]
        fetch = ["pipeline", "models", "fetch", MIRRORED, *options]
        subprocess.run([sys.executable, "-m", *fetch], check=True, stdout=subprocess.DEVNULL)
        yield _best(Path(folder))


def _best(repository: Path) -> serving.Subject | None:
    if not (repository / "models.config").exists():
        return None
    cards = [ModelCard.from_toml(path.read_text()) for path in repository.glob("*/model.toml")]
    best = min(cards, key=lambda card: card.rank, default=None)
    return None if best is None else serving.Subject(repository.resolve(), best)


def _table(rows: list[Row]) -> Table:
    table = Table(
        "what", "Sightline", "beside", "verdict", "target", "", title="Sightline, measured"
    )
    group = ""
    for row in rows:
        if row.group != group:
            table.add_section()
            table.add_row(f"[bold]{row.group}")
            group = row.group
        mark = {None: "", True: "[green]met", False: "[red]missed"}[row.met]
        table.add_row(f"  {row.name}", row.ours, row.other, row.verdict, row.target, mark)
    return table


def _write(rows: list[Row]) -> None:
    report = {
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": {
            "cpus": os.cpu_count(),
            "platform": platform.platform(),
            "python": platform.python_version(),
        },
        "versions": {
            name: version(name) for name in ("grpcio", "numpy", "protobuf", "tensorflow-cpu")
        },
        "rows": [row.as_json() for row in rows],
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
