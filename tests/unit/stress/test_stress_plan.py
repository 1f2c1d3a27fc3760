"""Bounds of a plan, targets that are on this machine, and one run at a time."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from serving_client import Target
from stress import (
    By,
    ForeignError,
    InUseError,
    LockError,
    PlanError,
    StressPlan,
    alone,
    check_target,
    check_url,
    parse_loads,
)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"loads": ()}, "1 to 12 steps"),
        ({"loads": tuple(range(1, 14))}, "1 to 12 steps"),
        ({"loads": (0, 1)}, "above 0"),
        ({"loads": (float("nan"),)}, "above 0"),
        ({"loads": (1, float("inf"))}, "above 0"),
        ({"loads": (2, 1)}, "go up"),
        ({"loads": (1, 1)}, "go up"),
        ({"loads": (65,)}, "At most 64 callers"),
        ({"loads": (1.5,)}, "whole number"),
        ({"loads": (1001,), "by": By.RATE}, "At most 1000 calls a second"),
        ({"step_s": 0}, "0.2 to 60 seconds"),
        ({"step_s": float("nan")}, "0.2 to 60 seconds"),
        ({"step_s": 61}, "0.2 to 60 seconds"),
        ({"step_s": 60, "loads": (1, 2, 3, 4, 5)}, "300 seconds"),
        ({"count": 0}, "1 to 60000 calls"),
        ({"count": 60_001}, "1 to 60000 calls"),
        ({"callers_max": 0}, "1 to 64 callers"),
        ({"callers_max": 65}, "1 to 64 callers"),
    ],
)
def test_plan_beyond_its_bounds_is_refused(fields: dict[str, Any], sentence: str) -> None:
    """Each bound has its sentence."""
    with pytest.raises(PlanError, match=sentence):
        StressPlan(**fields)


def test_steps_share_the_most_calls_of_a_run() -> None:
    """However short the calls are, a run ends."""
    assert StressPlan(loads=(1, 2, 4)).step(4).count == 20_000
    assert StressPlan(loads=(1, 2, 4), count=5).step(4).count == 5


def test_step_of_an_open_loop_has_a_rate_and_a_bound_on_callers() -> None:
    """A load is calls a second there, and the callers are those that the plan allows."""
    step = StressPlan(loads=(10, 20), by=By.RATE, callers_max=3).step(20)

    assert (step.rate_per_s, step.concurrency) == (20, 3)


@pytest.mark.parametrize("text", ["1,zwei", "1;2", "--1"])
def test_loads_that_are_no_numbers_are_refused(text: str) -> None:
    """The sentence shows how they look."""
    with pytest.raises(PlanError, match="such as 1, 2, 4, 8"):
        parse_loads(text)


@pytest.mark.parametrize(
    "target",
    ["127.0.0.1:8500", "localhost:8500,[::1]:8501", "unix:///run/model.sock", "zmq://127.0.0.9:1"],
)
def test_targets_on_this_machine_pass(target: str) -> None:
    """By name, by address, and by socket."""
    check_target(Target.parse(target))


@pytest.mark.parametrize(
    "target",
    ["192.0.2.1:8500", "127.0.0.1:8500,192.0.2.1:8500", "http://localhost.example:80", "[::]:85"],
)
def test_targets_elsewhere_are_refused(target: str) -> None:
    """One of several is enough, and a name that only begins like ours does not help."""
    with pytest.raises(ForeignError, match="not on this machine"):
        check_target(Target.parse(target))


@pytest.mark.parametrize("url", ["http://192.0.2.1", "https://127.0.0.1.example", "http://x@y:1"])
def test_sites_elsewhere_are_refused(url: str) -> None:
    """The host decides, not what is written before it."""
    check_url("http://127.0.0.1:5000")
    with pytest.raises(ForeignError):
        check_url(url)


def test_one_run_at_a_time(tmp_path: Path) -> None:
    """The second one is refused while the first goes on, and not any more afterwards."""
    path = tmp_path / "lock"
    with alone(path), pytest.raises(InUseError, match="Another stress run"), alone(path):
        pass

    with alone(path):
        pass


def test_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    """Who is killed in the midst of a run keeps nobody else from one."""
    path = tmp_path / "lock"
    program = (
        "import sys, time; from pathlib import Path; from stress import alone\n"
        "with alone(Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(InUseError), alone(path):
            pass
        other.kill()

    with alone(path):
        pass


def test_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    """In a folder that many may write to, nobody makes us open another file."""
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(LockError, match="symbolic"), alone(tmp_path / "lock"):
        pass
    assert not (tmp_path / "elsewhere").exists()
