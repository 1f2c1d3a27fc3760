"""How progress looks where nobody looks at it, and on a terminal."""

import io

import pytest
from rich.console import Console

from pipeline.progress import Unit, progress


@pytest.mark.parametrize(
    ("unit", "reports", "lines"),
    [
        ("bytes", [], []),
        ("bytes", [(0, None), (70_000, None)], ["[x]: 0 bytes"]),
        ("bytes", [(0, 0)], ["[x]: 0 bytes"]),
        (
            "bytes",
            [(0, 2_000_000), (499_999, 2_000_000), (1_000_000, 2_000_000), (2_000_000, 2_000_000)],
            ["[x]: 0 bytes of 2.0 MB", "[x]: 1.0 MB of 2.0 MB", "[x]: 2.0 MB of 2.0 MB"],
        ),
        ("pictures", [(1, 2), (2, 2)], ["[x]: 1 of 2 pictures", "[x]: 2 of 2 pictures"]),
    ],
)
def test_a_file_gets_a_line_for_every_quarter(
    unit: Unit, reports: list[tuple[int, int | None]], lines: list[str]
) -> None:
    """A log stays short, and is plain text."""
    file = io.StringIO()

    with progress("[x]", unit, Console(file=file)) as report:
        for done, total in reports:
            report(done, total)

    assert file.getvalue().splitlines() == lines


@pytest.mark.parametrize("unit", ["bytes", "pictures"])
def test_a_terminal_gets_a_bar(unit: Unit) -> None:
    """The label and how far it is are shown, also when the total is known late."""
    file = io.StringIO()

    with progress("ssd", unit, Console(file=file, force_terminal=True, width=120)) as report:
        report(1, None)
        report(2, 4)

    assert "ssd" in file.getvalue()
    assert "2/4" in file.getvalue()
