"""`models.config`, as the servers' own parser reads it."""

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from pipeline.models_config import models_config


def _parsed(text: str) -> list[tuple[str, str, str]]:
    config = text_format.Parse(text, ModelServerConfig())
    assert config.WhichOneof("config") == "model_config_list"
    models = config.model_config_list.config
    return [(model.name, model.base_path, model.model_platform) for model in models]


@pytest.mark.parametrize(
    ("names", "base_path", "models"),
    [
        ([], "/models", []),
        (["ssd"], "/", [("ssd", "/ssd", "tensorflow")]),
        (
            ["b", "a"],
            "/models/",
            [("b", "/models/b", "tensorflow"), ("a", "/models/a", "tensorflow")],
        ),
        (["ssd"], "gs://bucket/models", [("ssd", "gs://bucket/models/ssd", "tensorflow")]),
        (["ssd"], '/a "b" \\c\n', [("ssd", '/a "b" \\c\n/ssd', "tensorflow")]),
    ],
)
def test_servers_read_what_was_meant(
    names: list[str], base_path: str, models: list[tuple[str, str, str]]
) -> None:
    """Order, absolute paths and platform arrive."""
    assert _parsed(models_config(names, base_path)) == models


@given(st.text())
def test_no_path_breaks_the_quotes(folder: str) -> None:
    """Whatever a folder is called, the parser gets it back."""
    base_path = f"/{folder}/x"

    assert _parsed(models_config(["ssd"], base_path)) == [("ssd", f"{base_path}/ssd", "tensorflow")]
