"""`make logs`: the logs of both containers as one."""

import subprocess
import threading

from launcher.containers.commands import SERVING, WEB, is_known
from launcher.containers.docker import Docker
from launcher.containers.exceptions import ContainersError

__all__ = ["follow"]

_MARKS = {SERVING: "model", WEB: "web"}
_LINES = "100"


def follow(docker: Docker, *, once: bool = False) -> None:
    """Show each line with the container it came from, until the containers end, or Ctrl-C.

    Args:
        docker: knows the containers.
        once: end after the lines that are there.

    Raises:
        ContainersError: none of our containers is there.
    """
    listed = docker.ask("ps", "--all", "--format", "{{.Names}}").text.split()
    names = sorted(filter(is_known, listed))
    if not names:
        raise ContainersError(
            "No container runs: start them with `make run-cpu` or `make run-gpu`."
        )
    lock = threading.Lock()
    threads = [
        threading.Thread(target=_follow, args=(docker, name, lock, once), daemon=True)
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _follow(docker: Docker, name: str, lock: threading.Lock, once: bool) -> None:  # noqa: FBT001
    follow = [] if once else ["--follow"]
    process = subprocess.Popen(  # noqa: S603  a command of ours
        [docker.program, "logs", *follow, "--tail", _LINES, name],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    with process:
        for line in process.stdout or ():
            with lock:
                docker.say(f"{_MARKS[name]:<5} | {line.rstrip()}")
