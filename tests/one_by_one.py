"""Which test files may not run at the same time, when several processes share the tests.

Starting and ending a container changes the network of the machine, and a browser drops its
connections when it sees that (``ERR_NETWORK_CHANGED``).
"""

from functools import cache
from pathlib import Path

_CONTAINERS = Path(__file__).parent / "e2e" / "containers"


@cache
def is_one_by_one(file: Path) -> bool:
    """Return whether a test file has to do with containers or with a browser.

    Args:
        file: Where it is, absolute or from the root of the project.
    """
    file = (_CONTAINERS.parents[2] / file).resolve()
    return _CONTAINERS in file.parents or _drives_a_browser(file)


def _drives_a_browser(file: Path) -> bool:
    return file.suffix == ".py" and "playwright" in file.read_text("utf-8")
