"""Models that come, change, break and go while a server runs."""

import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2, predict_pb2

from model_server.testing import FakeRuntime, wait_until
from tests.integration.model_server.servers import BOTH_FRONTS, Client, Running, listing, model
from tests.integration.model_server.tiny_models import publish

pytestmark = BOTH_FRONTS

Serve = Callable[..., Running]
X = {"x": tf.make_tensor_proto(np.array([2], np.float32))}


def status(client: Client, name: str) -> dict[int, tuple[str, str]]:
    """State and error message of each version."""
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    response = client.model.GetModelStatus(request, timeout=60)
    state_name = get_model_status_pb2.ModelVersionStatus.State.Name
    return {
        each.version: (state_name(each.state), each.status.error_message)
        for each in response.model_version_status
    }


def wait_for_state(client: Client, version: int, expected: str) -> None:
    wait_until(lambda: status(client, "half").get(version, ("", ""))[0] == expected)


def reload(client: Client, text: str) -> Any:
    request = model_management_pb2.ReloadConfigRequest()
    text_format.Parse(text, request.config)
    return client.model.HandleReloadConfigRequest(request, timeout=60)


def answering(client: Client, name: str = "half") -> float:
    """What the model makes of 2: 1 and its version."""
    return float(client.predict(name, X)["y"][0])


def test_no_call_fails_while_versions_switch(models: Path, serve: Serve, tmp_path: Path) -> None:
    """Four clients call without a pause while the model goes back and forth."""
    publish(models / "half" / "1", tmp_path)
    client = serve(model_name="half", model_base_path=str(tmp_path)).client
    done = threading.Event()

    def call() -> list[float]:
        answers = []
        while not done.is_set():
            answers.append(answering(client))
        return answers

    with ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(call) for _ in range(4)]
        try:
            for _ in range(3):
                for version in (2, 3):
                    publish(models / "half" / str(version), tmp_path)
                    wait_for_state(client, version, "AVAILABLE")
                for version in (3, 2):
                    shutil.rmtree(tmp_path / str(version))
                    wait_for_state(client, version, "END")
        finally:
            done.set()
    answers = {answer for caller in callers for answer in caller.result()}

    assert answers == {2.0, 3.0, 4.0}


def test_a_broken_version_leaves_the_old_one_serving(
    models: Path, serve: Serve, tmp_path: Path
) -> None:
    """The status shows the error, and calls notice nothing."""
    publish(models / "half" / "1", tmp_path)
    client = serve(model_name="half", model_base_path=str(tmp_path), max_num_load_retries=0).client

    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "saved_model.pb").write_bytes(b"garbage")
    wait_for_state(client, 2, "END")

    assert "saved_model.pb" in status(client, "half")[2][1]
    assert status(client, "half")[1] == ("AVAILABLE", "")
    assert answering(client) == 2.0


def test_a_model_copied_in_place_is_loaded_when_it_is_complete(
    models: Path, serve: Serve, tmp_path: Path
) -> None:
    """A folder without saved_model.pb is not looked into."""
    client = serve(model_name="half", model_base_path=str(tmp_path)).client

    shutil.copytree(
        models / "half" / "1", tmp_path / "1", ignore=shutil.ignore_patterns("saved_model.pb")
    )
    with pytest.raises(grpc.RpcError, match="Could not find any versions of model half"):
        status(client, "half")
    shutil.copy(models / "half" / "1" / "saved_model.pb", tmp_path / "1")

    wait_until(lambda: client.health_of("half") == "SERVING")
    assert answering(client) == 2.0


def test_a_version_that_is_repaired_in_place_is_served(
    models: Path, serve: Serve, tmp_path: Path
) -> None:
    """Also after it was given up: its files are looked at, and the old version serves meanwhile."""
    publish(models / "half" / "1", tmp_path)
    client = serve(model_name="half", model_base_path=str(tmp_path), max_num_load_retries=0).client
    shutil.copytree(models / "half" / "2", tmp_path / ".2")
    write_garbage(tmp_path / ".2")
    (tmp_path / ".2").rename(tmp_path / "2")
    wait_for_state(client, 2, "END")
    meanwhile = answering(client)

    shutil.copy(models / "half" / "2" / "saved_model.pb", tmp_path / "2")
    wait_for_state(client, 2, "AVAILABLE")

    assert meanwhile == 2.0
    assert answering(client) == 3.0


def empty_graph(folder: Path) -> None:
    (folder / "saved_model.pb").write_bytes(b"")


def cut_graph(folder: Path) -> None:
    graph = folder / "saved_model.pb"
    graph.write_bytes(graph.read_bytes()[:-100])


def write_garbage(folder: Path) -> None:
    (folder / "saved_model.pb").write_bytes(b"garbage")


def pretend_text(folder: Path) -> None:
    (folder / "saved_model.pb").rename(folder / "saved_model.pbtxt")


def drop_variables(folder: Path) -> None:
    shutil.rmtree(folder / "variables")


def cut_variables(folder: Path) -> None:
    next(folder.glob("variables/*.data*")).write_bytes(b"")


@pytest.mark.parametrize(
    "damage",
    [empty_graph, cut_graph, write_garbage, pretend_text, drop_variables, cut_variables],
)
def test_broken_models_fail_cleanly_and_alone(
    models: Path, serve: Serve, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """Whatever is wrong with one model, the server starts, says so, and serves the others."""
    publish(models / "half" / "1", tmp_path / "broken")
    damage(tmp_path / "broken" / "1")
    config = tmp_path / "models.config"
    config.write_text(listing(model("broken", tmp_path / "broken"), model("half", models / "half")))

    client = serve(model_config_file=str(config), max_num_load_retries=0).client

    wait_until(lambda: status(client, "broken")[1][0] == "END")
    assert status(client, "broken")[1][1]
    assert answering(client) == 4.0
    with pytest.raises(grpc.RpcError, match=r"Servable not found for request: Latest\(broken\)"):
        answering(client, "broken")


def test_a_server_without_models_runs(serve: Serve, tmp_path: Path) -> None:
    """An empty list is a valid configuration: the server is healthy and finds nothing."""
    config = tmp_path / "models.config"
    config.write_text("model_config_list {}")

    client = serve(model_config_file=str(config)).client

    assert client.health_of("") == "SERVING"
    with pytest.raises(grpc.RpcError, match=r"Servable not found for request: Latest\(half\)"):
        answering(client)


def test_a_changed_configuration_file_is_picked_up(
    models: Path, serve: Serve, tmp_path: Path
) -> None:
    """New models are served without a restart; a file with a mistake changes nothing."""
    config = tmp_path / "models.config"
    config.write_text("model_config_list {}")
    client = serve(model_config_file=str(config), model_config_file_poll_wait_seconds=0.02).client

    config.write_text(listing(model("half", models / "half")))
    wait_until(lambda: _health(client, "half") == "SERVING")
    config.write_text(listing(model("half", models / "half")) + "oops")
    config.write_text(listing(model("half", models / "half"), model("second", models / "half")))
    wait_until(lambda: _health(client, "second") == "SERVING")

    assert answering(client) == answering(client, "second") == 4.0


def _health(client: Client, service: str) -> str:
    try:
        return client.health_of(service)
    except grpc.RpcError as error:
        return error.code().name


def test_a_reload_replaces_the_whole_set(models: Path, serve: Serve, tmp_path: Path) -> None:
    """When the call returns, the new models are served, and the old ones are on their way out."""
    config = tmp_path / "models.config"
    config.write_text(listing(model("old", models / "half")))
    client = serve(model_config_file=str(config)).client

    response = reload(client, listing(model("new", models / "half")))

    assert response.status.error_code == 0
    assert answering(client, "new") == 4.0
    wait_until(lambda: status(client, "old") == {3: ("END", "")})
    assert client.health_of("old") == "NOT_SERVING"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (
            "",
            grpc.StatusCode.INVALID_ARGUMENT,
            (
                "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                "Only ModelConfigList is currently supported"
            ),
        ),
        (
            "custom_model_config {}",
            grpc.StatusCode.INVALID_ARGUMENT,
            "ServerModelConfig type not supported",
        ),
        (
            listing(model("m", "/a"), model("m", "/b")),
            grpc.StatusCode.INVALID_ARGUMENT,
            "Illegal to list model m multiple times in config list",
        ),
        (
            listing(model("m", "somewhere")),
            grpc.StatusCode.INVALID_ARGUMENT,
            "Expected model m to have an absolute path or URI; got base_path()=somewhere",
        ),
        (
            listing(model("m", "/nowhere")),
            grpc.StatusCode.UNKNOWN,
            "1 model(s) did not become available: {{{name: m} due to error: Could not find base",
        ),
    ],
)
def test_a_reload_that_cannot_be_is_refused(
    models: Path, serve: Serve, text: str, code: grpc.StatusCode, message: str
) -> None:
    """Codes and messages are those of the original."""
    client = serve(model_name="half", model_base_path=str(models / "half")).client

    with pytest.raises(grpc.RpcError) as caught:
        reload(client, text)

    assert caught.value.code() is code
    assert (caught.value.details() or "").startswith(message)


def test_labels_follow_the_configuration(models: Path, serve: Serve, tmp_path: Path) -> None:
    """A label is given to an available version, and can then be asked for."""
    every = "model_version_policy { all {} }"
    config = tmp_path / "models.config"
    config.write_text(listing(model("half", models / "half", every)))
    client = serve(model_config_file=str(config)).client
    request = predict_pb2.PredictRequest(inputs=X)
    request.model_spec.name, request.model_spec.version_label = "half", "old"

    label = 'version_labels { key: "old" value: 1 }'
    reload(client, listing(model("half", models / "half", every + label)))

    assert list(client.prediction.Predict(request).outputs["y"].float_val) == [2.0]


def test_calls_under_way_are_answered_when_the_server_drains(serve: Serve, tmp_path: Path) -> None:
    """A call that was accepted gets its answer; one that comes later is UNAVAILABLE."""
    (tmp_path / "1").mkdir()
    runtime = FakeRuntime()
    running = serve(runtime, model_name="fake", model_base_path=str(tmp_path))
    model = runtime.models[tmp_path / "1"]
    model.run_gate.clear()

    with ThreadPoolExecutor(2) as pool:
        call = pool.submit(running.client.predict, "fake", X)
        wait_until(model.running.is_set)
        drain = pool.submit(running.server.drain)
        wait_until(lambda: _late_call(running.client) == "UNAVAILABLE")
        model.run_gate.set()
        drain.result()

    assert call.result()["y"] == [2.0]
    assert model.runs_after_close == 0


def test_a_queued_call_whose_deadline_passed_is_not_run(serve: Serve, tmp_path: Path) -> None:
    """The caller has its error already; running the model for it would only delay the others."""
    (tmp_path / "1").mkdir()
    runtime = FakeRuntime()
    running = serve(runtime, model_name="fake", model_base_path=str(tmp_path), grpc_max_threads=1)
    model = runtime.models[tmp_path / "1"]
    model.run_gate.clear()

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(running.client.predict, "fake", X)
        wait_until(model.running.is_set)
        with pytest.raises(grpc.RpcError, match="DEADLINE_EXCEEDED"):
            running.client.predict("fake", X, timeout_s=0.2)
        time.sleep(0.3)  # the server's clock for the call started later than the client's
        model.run_gate.set()
        first.result()
    running.client.predict("fake", X)

    assert model.runs == 2


def _late_call(client: Client) -> str:
    try:
        client.predict("fake", X, timeout_s=0.2)
    except grpc.RpcError as error:
        return error.code().name
    return "OK"
