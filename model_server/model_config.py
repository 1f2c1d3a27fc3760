"""Which models to serve: values made from, and checked against, `ModelServerConfig` messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import (
    TENSORFLOW,
    ModelServerConfig,
)
from tensorflow_serving.config.model_server_config_pb2 import (
    ModelConfig as ModelConfigMessage,
)

from model_server.policy import All, Latest, ServableVersionPolicy, Specific
from model_server.status import Code, ServingError

TENSORFLOW_PLATFORM = "tensorflow"


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One model to serve.

    `labels` maps version labels to version numbers.
    """

    name: str
    base_path: Path
    platform: str = TENSORFLOW_PLATFORM
    policy: ServableVersionPolicy = field(default_factory=Latest)
    labels: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.base_path.is_absolute():
            raise ServingError(
                Code.INVALID_ARGUMENT,
                f"Expected model {self.name} to have an absolute path or URI; "
                f"got base_path()={self.base_path}",
            )


def single_model(name: str, base_path: str) -> ModelServerConfig:
    """Make the configuration that serves one model."""
    config = ModelServerConfig()
    config.model_config_list.config.add(
        name=name, base_path=base_path, model_platform=TENSORFLOW_PLATFORM
    )
    return config


def parse_config(text: str) -> ModelServerConfig:
    """Parse the text form of a `ModelServerConfig`; an empty text lists no models.

    Raises:
        ServingError: The text is not one.
    """
    config = ModelServerConfig()
    try:
        text_format.Parse(text, config)
    except text_format.ParseError as error:
        raise ServingError(
            Code.INVALID_ARGUMENT,
            f"Error parsing text-format tensorflow.serving.ModelServerConfig: {error}",
        ) from error
    if config.WhichOneof("config") is None:
        config.model_config_list.SetInParent()
    return config


def models_of(config: ModelServerConfig) -> tuple[ModelConfig, ...]:
    """Read the models out of a configuration; one without any is valid.

    Raises:
        ServingError: It is of a kind this server does not know, lists a model twice, or one of
            its models cannot be served.
    """
    if config.WhichOneof("config") != "model_config_list":
        raise ServingError(
            Code.INVALID_ARGUMENT,
            "ServerModelConfig type not supported by HandleReloadConfigRequest. "
            "Only ModelConfigList is currently supported",
        )
    models = tuple(_model_of(message) for message in config.model_config_list.config)
    _refuse_duplicates([model.name for model in models])
    return models


def _refuse_duplicates(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ServingError(
                Code.INVALID_ARGUMENT, f"Illegal to list model {name} multiple times in config list"
            )


def _model_of(message: ModelConfigMessage) -> ModelConfig:
    return ModelConfig(
        name=message.name,
        base_path=Path(message.base_path),
        platform=_platform_of(message),
        policy=_policy_of(message.model_version_policy),
        labels=dict(message.version_labels),
    )


def _platform_of(message: ModelConfigMessage) -> str:
    if message.model_platform:
        return str(message.model_platform)
    if message.model_type == TENSORFLOW:  # deprecated, and still met
        return TENSORFLOW_PLATFORM
    raise ServingError(
        Code.INVALID_ARGUMENT,
        "Illegal setting neither ModelServerConfig::model_type (deprecated) "
        "nor ModelServerConfig::model_platform.",
    )


def _policy_of(message: Any) -> ServableVersionPolicy:
    choice = message.WhichOneof("policy_choice")
    if choice == "all":
        return All()
    if choice == "specific":
        return Specific(frozenset(message.specific.versions))
    return Latest(max(1, message.latest.num_versions))
