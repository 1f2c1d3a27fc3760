"""The form that starts a run, as people fill it in."""

from collections.abc import Mapping

from stress import By, PlanError, StressPlan, Way, parse_loads

DEFAULTS: Mapping[str, str] = {
    "way": Way.SITE,
    "by": By.CALLERS,
    "loads": "1, 2, 4, 8",
    "step_s": "3",
    "count": "",
    "callers_max": "32",
}
"""What stands in the form at first."""


def parse_plan(fields: Mapping[str, str]) -> StressPlan:
    """Read the loads of the form; an empty field means what stands there at first.

    Raises:
        PlanError: A field holds something else than it should.

    Examples:
        >>> parse_plan({"loads": "1 2", "step_s": "5"}).total_s
        12.0
    """
    given = {name: fields.get(name, "").strip() or usual for name, usual in DEFAULTS.items()}
    return StressPlan(
        loads=parse_loads(given["loads"]),
        by=_by(given["by"]),
        step_s=_number(given["step_s"], "The time of a step"),
        count=_whole(given["count"], "The number of calls") if given["count"] else None,
        callers_max=_whole(given["callers_max"], "The number of callers"),
    )


def parse_way(text: str | None) -> Way:
    """Read what is to be put under load.

    Raises:
        PlanError: There is no such way.
    """
    try:
        return Way(text or DEFAULTS["way"])
    except ValueError as error:
        raise PlanError(f"There are two ways: {', '.join(Way)}.") from error


def _by(text: str) -> By:
    try:
        return By(text)
    except ValueError as error:
        raise PlanError(f"A load is a number of {' or '.join(By)}.") from error


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise PlanError(f"{what} is a number, such as 5.") from error


def _whole(text: str, what: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise PlanError(f"{what} is a whole number, such as 100.")
    return int(text[:12])
