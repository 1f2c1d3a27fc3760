"""The command line against a tiny server."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from serving_client import ModelState, Signature, TensorSpec, TransportError
from serving_client._cli import main
from serving_client.testing import TinyModel, TinyServer
from serving_client.testing.fixtures import TinyServers

ROOT = Path(__file__).resolve().parents[3]
ECHO = Signature(
    "serving_default",
    "tensorflow/serving/predict",
    {"x": TensorSpec("x", "float32", (None, 2)), "name": TensorSpec("name", "string", (None,))},
    {"x": TensorSpec("x", "float32", (None, 2)), "name": TensorSpec("name", "string", (None,))},
)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SIGHTLINE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def server(tiny_server: TinyServers, monkeypatch: pytest.MonkeyPatch) -> TinyServer:
    server = tiny_server({"echo": TinyModel(lambda inputs: inputs, ECHO, version=3)})
    monkeypatch.setenv("SIGHTLINE_SERVING_TARGET", server.target)
    return server


Said = tuple[int, str, str]
Run = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs a command line; returns status, stdout and stderr."""

    def run(*arguments: object) -> Said:
        status = main([str(each) for each in arguments])
        return status, *capsys.readouterr()

    return run


def test_smoke_shows_model_request_and_answer(server: TinyServer, run: Run) -> None:
    """Without a command the program connects, and shows what it finds, as lines."""
    status, out, err = run("--model", "echo")

    assert (status, err) == (0, "")
    for said in (server.target, "3 AVAILABLE", "float32 [?, 2]", "from version 3", "decode"):
        assert said in out


def test_status_shows_the_versions(server: TinyServer, run: Run) -> None:
    """A line for each version says where it stands."""
    server.models["other"] = TinyModel(lambda inputs: inputs, version=9, state=ModelState.LOADING)

    assert run("status", "--model", "echo") == (0, "3 AVAILABLE\n", "")
    assert run("status", "--model", "other") == (0, "9 LOADING\n", "")


@pytest.mark.usefixtures("server")
def test_metadata_shows_the_signatures(run: Run) -> None:
    """Inputs and outputs are listed with dtype and shape."""
    _, out, _ = run("metadata", "--model", "echo")

    assert out.splitlines()[0] == "model      echo version 3"
    assert "string [?]" in out


def test_predict_sends_a_file(server: TinyServer, run: Run, tmp_path: Path) -> None:
    """Tensors come from JSON, bytes among them, and the first values are shown."""
    path = tmp_path / "i.json"
    path.write_text('{"x": [[1, 2]], "name": [{"b64": "/w=="}]}')

    status, out, _ = run("predict", "--model", "echo", "--inputs", path)

    assert status == 0
    assert "1.0, 2.0" in out
    assert server.calls[-1].inputs["name"].tolist() == [b"\xff"]


@pytest.mark.usefixtures("server")
def test_predict_saves_outputs(run: Run, tmp_path: Path) -> None:
    """Outputs that were asked for go into a file."""
    status, out, _ = run(
        "predict", "--model", "echo", "--output", "x", "--save", tmp_path / "o.npz"
    )

    assert status == 0
    assert "0.0" not in out.partition("time")[0]
    with np.load(tmp_path / "o.npz") as saved:
        assert {name: saved[name].shape for name in saved} == {"x": (1, 2)}


def test_classify_and_regress_show_each_example(
    server: TinyServer, run: Run, tmp_path: Path
) -> None:
    """Examples come from JSON as the REST API has it; the likeliest class stands first."""
    server.models["ages"] = TinyModel(
        lambda inputs: inputs,
        classify=lambda examples: [{"young": 1 - a, "old": a} for a in _ages(examples)],
        regress=_ages,
    )
    path = tmp_path / "e.json"
    path.write_text('{"context": {"age": 90.0}, "examples": [{"age": 20.0}, {"name": "Eve"}]}')
    options = ["--model", "ages", "--examples", path]

    _, classes, _ = run("classify", *options)
    _, values, _ = run("regress", *options, "--json")

    assert classes.splitlines()[1:3] == ["  young 0.800, old 0.200", "  old 0.900, young 0.100"]
    assert json.loads(values)["values"] == pytest.approx([0.2, 0.9])


def _ages(examples: Sequence[Any]) -> list[float]:
    return [example["age"][0] / 100 for example in examples]


def test_label_chooses_a_version(server: TinyServer, run: Run) -> None:
    """`--label` names the version by what the server calls it."""
    server.models["echo"] = TinyModel(lambda inputs: inputs, ECHO, version=3, labels=["stable"])

    assert run("status", "--model", "echo", "--label", "stable") == (0, "3 AVAILABLE\n", "")
    assert run("status", "--model", "echo", "--label", "canary")[0] == 1


def test_wait_returns_once_the_model_is_there(server: TinyServer, run: Run) -> None:
    """`wait` ends when the model that was loading is available."""
    server.models["late"] = TinyModel(lambda inputs: inputs, state=ModelState.LOADING)
    timer = threading.Timer(
        0.3, lambda: server.models.update(late=TinyModel(lambda inputs: inputs, version=2))
    )
    timer.start()

    assert run("wait", "--model", "late", "--timeout", "30") == (0, "late 2 AVAILABLE\n", "")

    timer.join()


def test_wait_gives_up_in_time(server: TinyServer, run: Run) -> None:
    """`wait` fails when the time is over, and says what it saw last."""
    server.models["late"] = TinyModel(lambda inputs: inputs, state=ModelState.LOADING)

    status, _, err = run("wait", "--model", "late", "--timeout", "0.3")

    assert status == 1
    assert "LOADING" in err


def test_reload_sends_names_and_folders(server: TinyServer, run: Run, tmp_path: Path) -> None:
    """Models are named on the command line and in a file."""
    path = tmp_path / "models.json"
    path.write_text('[{"name": "b", "base_path": "/models/b", "versions": [1, 2]}]')

    status, out, _ = run("reload", "a=/models/a", "--config", path)

    assert status == 0
    assert out == "a from /models/a\nb from /models/b\n"
    assert [call.rpc for call in server.calls] == ["HandleReloadConfigRequest"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["status"], {"model": "echo", "versions": [
            {"version": 3, "state": "AVAILABLE", "error_code": 0, "error_message": ""}]}),
        (["wait"], {
            "model": "echo", "version": 3, "state": "AVAILABLE", "error_code": 0,
            "error_message": ""}),
        (["reload", "a=/m/a"], {"models": [{"name": "a", "base_path": "/m/a", "versions": []}]}),
        (["metadata"], {"model": "echo", "version": 3}),
        (["predict"], {"model": "echo", "version": 3, "signature": "serving_default"}),
        (["smoke"], {"model": "echo", "version": 3}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)  # fmt: skip
@pytest.mark.usefixtures("server")
def test_every_command_answers_in_json(
    arguments: list[str], wanted: dict[str, object], run: Run
) -> None:
    """With `--json` stdout is one object, the same that the lines say."""
    model = [] if arguments[0] == "reload" else ["--model", "echo"]

    status, out, err = run(*arguments, *model, "--json")

    fields = json.loads(out)
    assert (status, err) == (0, "")
    assert {name: fields.get(name) for name in wanted} == wanted


def test_json_holds_values_that_json_lacks(server: TinyServer, run: Run, tmp_path: Path) -> None:
    """NaN, infinity and bytes have a form of their own, and the file can be sent again."""
    np.savez(tmp_path / "i.npz", x=np.array([[np.nan, -np.inf]], np.float32), name=[b"\xff"])

    _, out, _ = run("predict", "--model", "echo", "--inputs", tmp_path / "i.npz", "--json")

    outputs = json.loads(out)["outputs"]
    assert outputs["x"] == {"dtype": "float32", "shape": [1, 2], "values": [["NaN", "-Infinity"]]}
    assert outputs["name"]["values"] == [{"b64": "/w=="}]
    assert server.calls[-1].rpc == "Predict"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["status", "--model", "absent"], 1, "NOT_FOUND"),
        (["smoke", "--model", "echo", "--version", "99"], 1, "99"),
        (["smoke", "--model", "echo", "--signature", "absent"], 2, "no signature 'absent'"),
        (["predict", "--model", "echo", "--inputs", "absent.json"], 2, "absent.json"),
        (
            ["predict", "--model", "echo", "--image", "absent.jpg"],
            2,
            "expected a signature with one input",
        ),
        (["smoke", "--target", "nowhere"], 2, "HOST:PORT"),
        (["smoke", "--timeout", "0"], 2, "call_s is 0.0"),
        (["smoke", "--header", "x"], 2, "NAME=VALUE"),
        (["smoke", "--token-file", "absent", "--model", "echo"], 2, "absent"),
        (["reload"], 2, "which models?"),
        (["reload", "a"], 2, "'a' is not NAME=PATH"),
        (["bench", "--model", "echo", "--concurrency", "0"], 2, "concurrency is 0"),
        (["unheard-of"], 2, "invalid choice"),
        (["status", "--model", "echo", "--frob"], 2, "--frob"),
    ],
)
@pytest.mark.usefixtures("server")
def test_failure_is_one_line_and_a_status(
    arguments: list[str], status: int, said: str, run: Run
) -> None:
    """A call that fails is status 1, a command line that makes no sense 2; both say why."""
    ended, out, err = run(*arguments)

    assert ended == status
    assert "answer" not in out
    assert err.count("\n") == 1
    assert said in err


def test_model_that_failed_to_load_is_told_with_its_server(server: TinyServer, run: Run) -> None:
    """An error that is no status of a call says where it happened, too."""

    def broken(_: object) -> dict[str, object]:
        raise AssertionError

    server.models["bad"] = TinyModel(
        broken,  # type: ignore[arg-type]
        state=ModelState.END,
        error="cannot be read",
    )

    status, _, err = run("wait", "--model", "bad", "--timeout", "30")

    assert status == 1
    assert server.target in err
    assert "cannot be read" in err


def test_failure_in_json_is_an_object(server: TinyServer, run: Run) -> None:
    """A program that reads stdout finds the error there, too."""

    def refuse(_: object) -> dict[str, object]:
        raise TransportError(grpc.StatusCode.RESOURCE_EXHAUSTED, "no room")

    server.models["full"] = TinyModel(refuse, ECHO)  # type: ignore[arg-type]

    status, out, err = run("predict", "--model", "full", "--json")

    error = json.loads(out)["error"]
    assert (status, error["kind"], error["status"]) == (
        1, "ResourceExhaustedError", "RESOURCE_EXHAUSTED",
    )  # fmt: skip
    assert error["message"] in err


def test_headers_and_token_travel(server: TinyServer, run: Run, tmp_path: Path) -> None:
    """What is said by option or found in a file goes to the server."""
    (tmp_path / "token").write_text("open-sesame")

    run("status", "--model", "echo", "--header", "X-Team=a=b", "--token-file", tmp_path / "token")

    headers = server.calls[-1].headers
    assert headers["x-team"] == "a=b"
    assert headers["authorization"] == "Bearer open-sesame"


@pytest.mark.parametrize("extra", [[], ["--async"]], ids=["threads", "asyncio"])
def test_bench_measures_so_many_calls(
    extra: list[str], server: TinyServer, run: Run, tmp_path: Path
) -> None:
    """`bench --count` makes that many calls, and writes what came of them in three forms."""
    files = ["--save", tmp_path / "b.json", "--html", tmp_path / "b.html"]
    load = ["--count", 20, "--warm-up", 0, "--concurrency", 4]

    status, out, err = run("bench", "--model", "echo", *load, *files, *extra)

    assert (status, err) == (0, "")
    assert "20 in all" in out
    assert "p99" in out
    report = json.loads((tmp_path / "b.json").read_text())
    assert report["form"] == "sightline-client-bench"
    assert report["summary"]["answered"] == 20
    assert report["subject"]["version"] == 3
    assert report["subject"]["request_bytes"] > 0
    page = (tmp_path / "b.html").read_text()
    assert page.count("<svg") == 3
    assert "20 answered" in page
    assert sum(call.rpc == "Predict" for call in server.calls) == 21


def test_bench_takes_files_by_turns(server: TinyServer, run: Run, tmp_path: Path) -> None:
    """Several files of inputs are sent one after the other, again and again."""
    for number in (1, 2):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps({"x": [[number, number]], "name": ["n"]}))
    files = ["--inputs", tmp_path / "1.json", "--inputs", tmp_path / "2.json"]
    load = ["--count", 4, "--warm-up", 0, "--concurrency", 1]

    status, _, _ = run("bench", "--model", "echo", *files, *load)

    assert status == 0
    sent = [call.inputs["x"][0, 0].item() for call in server.calls if call.rpc == "Predict"]
    assert sent == [1.0, 1.0, 2.0, 1.0, 2.0]


def test_bench_makes_batches(server: TinyServer, run: Run) -> None:
    """`--batch` is the first size of inputs that are made up."""
    run("bench", "--model", "echo", "--count", 1, "--warm-up", 0, "--batch", 5)

    assert server.calls[-1].inputs["x"].shape == (5, 2)


def test_bench_counts_failures(server: TinyServer, run: Run) -> None:
    """Failed calls are counted by status, not tried again, and all of them are a failure."""
    calls = iter(range(100))

    def only_once(inputs: object) -> dict[str, object]:
        if next(calls):
            raise TransportError(grpc.StatusCode.UNAVAILABLE, "gone")
        assert isinstance(inputs, dict)
        return inputs

    server.models["once"] = TinyModel(only_once, ECHO)  # type: ignore[arg-type]

    status, out, err = run("bench", "--model", "once", "--count", 6, "--warm-up", 0, "--json")

    summary = json.loads(out)["summary"]
    assert (status, err) == (1, "")
    assert (summary["answered"], summary["failed"]) == (0, 6)
    assert summary["errors"] == {"UNAVAILABLE": 6}
    assert summary["latency"]["p50_s"] is None


@pytest.mark.parametrize("extra", [[], ["--async"]], ids=["threads", "asyncio"])
def test_bench_reports_when_it_is_interrupted(
    extra: list[str], server: TinyServer, tmp_path: Path
) -> None:
    """Ctrl-C ends a measurement early, with what there is."""
    path = tmp_path / "b.json"
    options = ["--model", "echo", "--duration", "600", "--warm-up", "0", "--save", str(path)]
    options += extra
    begun = threading.Event()

    def noted(inputs: object) -> dict[str, object]:
        if len(server.calls) > 20:
            begun.set()
        assert isinstance(inputs, dict)
        return inputs

    server.models["echo"] = TinyModel(noted, ECHO)  # type: ignore[arg-type]
    with subprocess.Popen(
        [sys.executable, "-m", "serving_client", "bench", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert begun.wait(120)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()

    assert process.returncode == 0
    assert "ended early" in out
    assert json.loads(path.read_text())["summary"]["is_cut_short"] is True


def test_help_tells_commands_environment_and_statuses(run: Run) -> None:
    """`--help` lists what there is."""
    status, out, _ = run("--help")

    assert status == 0
    for said in ("bench", "reload", "SIGHTLINE_SERVING_HEDGE_S", "exit status: 0"):
        assert said in out


def test_module_is_the_program(server: TinyServer) -> None:
    """`python -m serving_client` is the same program."""
    command = [sys.executable, "-m", "serving_client", "status", "--model", "echo"]

    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "3 AVAILABLE\n", "")
    assert server.calls
