"""Runs a pipeline command again and again, each time killed a moment later. Linux.

`python crash_driver.py ROOTS COMMAND...`: copies the folder ROOTS/start to ROOTS/1, ROOTS/2 and so
on, and runs the command with the copy as repository in a child process, which dies by SIGKILL when
it is about to change the file system for the first, second, ... time. Ends with the first command
that lives, and prints how many died.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

from pipeline.cli import main

_CHANGES = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir"})
_OPENS_FOR_WRITING = os.O_WRONLY | os.O_RDWR


def _die_before_change(number: int) -> None:
    left = number

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        flags = arguments[2] if event == "open" else 0
        is_writing = isinstance(flags, int) and bool(flags & _OPENS_FOR_WRITING)
        if event in _CHANGES or is_writing:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def _dies(command: list[str], root: Path, number: int) -> bool:
    child = os.fork()
    if child == 0:
        _die_before_change(number)
        os._exit(main(["models", *command, "--repository", str(root)]))
    status = os.waitpid(child, 0)[1]
    return os.WIFSIGNALED(status)


def _drive(roots: Path, command: list[str]) -> int:
    number = 1
    while True:
        root = roots / str(number)
        shutil.copytree(roots / "start", root)
        if not _dies(command, root, number):
            shutil.rmtree(root)
            return number - 1
        number += 1


if __name__ == "__main__":
    sys.stdout.write(str(_drive(Path(sys.argv[1]), sys.argv[2:])))
