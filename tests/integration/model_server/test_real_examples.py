"""Classify, Regress and MultiInference with TensorFlow Serving's own test models."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tensorflow_serving.apis import classification_pb2, inference_pb2, regression_pb2

from tests.integration.model_server.servers import Client, listing, model, run_server

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"


@pytest.fixture(scope="module")
def client(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a server of the models of TensorFlow 1 and 2, which checks method names."""
    folder = shared_dir / "tf_serving_testdata"
    config = tmp_path_factory.mktemp("config") / "models.config"
    config.write_text(
        listing(
            model("tf1", folder / "saved_model_half_plus_two_cpu"),
            model("tf2", folder / "saved_model_half_plus_two_tf2_cpu"),
        )
    )
    running = run_server(model_config_file=str(config))
    yield running.client
    running.close()


def fill(request: Any, name: str, signature: str, **features: float) -> Any:
    """Ask for a signature with one example."""
    request.model_spec.name, request.model_spec.signature_name = name, signature
    return add_example(request, **features)


def add_example(request: Any, **features: float) -> Any:
    example = request.input.example_list.examples.add()
    for key, value in features.items():
        example.features.feature[key].float_list.value.append(value)
    return request


@pytest.mark.parametrize("name", ["tf1", "tf2"])
def test_regress_adds_two_to_the_half(client: Client, name: str) -> None:
    """The answer that the original's own tests expect."""
    request = fill(regression_pb2.RegressionRequest(), name, "regress_x_to_y", x=2.0)

    response = client.prediction.Regress(request)

    assert [each.value for each in response.result.regressions] == [3.0]
    assert response.model_spec.signature_name == "regress_x_to_y"
    assert response.model_spec.version.value == 123


@pytest.mark.parametrize("name", ["tf1", "tf2"])
def test_classify_scores_without_labels(client: Client, name: str) -> None:
    """The signature has scores only, so labels are empty."""
    request = fill(classification_pb2.ClassificationRequest(), name, "classify_x_to_y", x=2.0)

    response = client.prediction.Classify(request)

    (row,) = response.result.classifications
    assert [(each.label, each.score) for each in row.classes] == [("", 3.0)]


@pytest.mark.parametrize(
    "signatures", [("regress_x_to_y", "regress_x_to_y2"), ("regress_x_to_y2", "regress_x_to_y")]
)
def test_multi_inference_runs_both(client: Client, signatures: tuple[str, str]) -> None:
    """Results stand in the order of the tasks: half plus two, and half plus three."""
    request = add_example(inference_pb2.MultiInferenceRequest(), x=2.0)
    for signature in (*signatures, "classify_x_to_y"):
        task = request.tasks.add(method_name=REGRESS if "regress" in signature else CLASSIFY)
        task.model_spec.name, task.model_spec.signature_name = "tf1", signature

    response = client.prediction.MultiInference(request)

    *regressions, classes = response.results
    values = [each.regression_result.regressions[0].value for each in regressions]
    assert dict(zip(signatures, values, strict=True)) == {
        "regress_x_to_y": 3.0,
        "regress_x_to_y2": 4.0,
    }
    assert classes.classification_result.classifications[0].classes[0].score == 3.0


def test_method_names_pass_where_they_fit(shared_dir: Path, serve: Callable[..., Any]) -> None:
    """The models of TensorFlow 1 have them, so a server that checks them answers too."""
    folder = shared_dir / "tf_serving_testdata" / "saved_model_half_plus_two_cpu"
    strict = serve(model_base_path=str(folder), enable_signature_method_name_check=True).client
    request = fill(regression_pb2.RegressionRequest(), "default", "regress_x_to_y", x=2.0)

    response = strict.prediction.Regress(request)

    assert response.result.regressions[0].value == 3.0
