"""Configurations in the original's text form."""

from pathlib import Path

import pytest

from model_server.model_config import ModelConfig, models_of, parse_config, single_model
from model_server.policy import All, Latest, ServableVersionPolicy, Specific
from model_server.status import Code, ServingError


def listing(*models: str) -> str:
    return "model_config_list { " + " ".join(f"config {{ {each} }}" for each in models) + " }"


M = 'name: "m" base_path: "/m" model_platform: "tensorflow"'


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "model_config_list {}", "model_config_list: {}"]
)
def test_a_list_may_be_empty(text: str) -> None:
    """A server without models is a valid server."""
    assert models_of(parse_config(text)) == ()


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("", Latest(1)),
        ("model_version_policy {}", Latest(1)),
        ("model_version_policy { latest {} }", Latest(1)),
        ("model_version_policy { latest { num_versions: 0 } }", Latest(1)),
        ("model_version_policy { latest { num_versions: 3 } }", Latest(3)),
        ("model_version_policy { all {} }", All()),
        ("model_version_policy { specific {} }", Specific(frozenset())),
        (
            "model_version_policy { specific { versions: 7 versions: 2 } }",
            Specific(frozenset({2, 7})),
        ),
    ],
)
def test_version_policies_are_read(text: str, policy: ServableVersionPolicy) -> None:
    """The latest version is the default, whichever way it is left out."""
    assert models_of(parse_config(listing(f"{M} {text}"))) == (
        ModelConfig("m", Path("/m"), policy=policy),
    )


def test_labels_are_read() -> None:
    """Labels name versions."""
    (model,) = models_of(parse_config(listing(M + ' version_labels { key: "stable" value: 2 }')))

    assert model.labels == {"stable": 2}


def test_the_deprecated_model_type_still_works() -> None:
    """Old files say TENSORFLOW instead of "tensorflow"."""
    (model,) = models_of(parse_config(listing('name: "m" base_path: "/m" model_type: TENSORFLOW')))

    assert model.platform == "tensorflow"


def test_a_single_model_is_a_list_of_one() -> None:
    """--model_name and --model_base_path mean the same as a file with one entry."""
    assert models_of(single_model("m", "/m")) == (ModelConfig("m", Path("/m")),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "improperly formatted file",
            "Error parsing text-format tensorflow.serving.ModelServerConfig",
        ),
        (
            "model_config_list { config { name: 'm'",
            "Error parsing text-format tensorflow.serving.ModelServerConfig",
        ),
        ("custom_model_config {}", "ServerModelConfig type not supported"),
        (listing(M, M), "Illegal to list model m multiple times in config list"),
        (
            listing('name: "m" base_path: "models/m" model_platform: "tensorflow"'),
            "Expected model m to have an absolute path or URI; got base_path()=models/m",
        ),
        (listing('name: "m" base_path: "/m"'), "Illegal setting neither"),
    ],
)
def test_what_cannot_be_served_is_refused(text: str, message: str) -> None:
    """Errors are INVALID_ARGUMENT, in the words of the original."""
    with pytest.raises(ServingError) as caught:
        models_of(parse_config(text))

    assert caught.value.code is Code.INVALID_ARGUMENT
    assert caught.value.message.startswith(message)
