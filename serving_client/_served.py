"""Which model to ask when nobody said: the first of a server's configuration file."""

from pathlib import Path

from google.protobuf import text_format

from protos.gen.tensorflow_serving.config import model_server_config_pb2
from serving_client.exceptions import ConfigError

__all__ = ["first_configured_model"]


def first_configured_model(repository: Path) -> str:
    """The name of the first model in `models.config`, which lists the best one first.

    Args:
        repository: the folder that holds `models.config`.

    Raises:
        ConfigError: there is no such file, or no model in it.
    """
    path = repository / "models.config"
    try:
        config = text_format.Parse(path.read_text(), model_server_config_pb2.ModelServerConfig())
    except OSError as error:
        raise ConfigError(
            f"which model? Say --model NAME, or have it listed in {path} ({error.strerror})"
        ) from error
    except (text_format.ParseError, ValueError) as error:
        raise ConfigError(f"{path} is no model server configuration: {error}") from error
    if not config.model_config_list.config:
        raise ConfigError(f"which model? Say --model NAME; {path} lists none")
    return config.model_config_list.config[0].name
