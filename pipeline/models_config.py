"""`models.config`: which models a server serves, and from where.

A `tensorflow.serving.ModelServerConfig` in protobuf's text form, which TensorFlow Serving and
`model_server` both read with `--model_config_file`.
"""

from collections.abc import Iterable

_HEAD = (
    "# Written by `python -m pipeline models`, which replaces it whenever a model comes or goes.\n"
)


def models_config(names: Iterable[str], base_path: str) -> str:
    r"""Return the text of a `models.config`.

    Args:
        names: The models, in the order to list them.
        base_path: Absolute path, or address such as `gs://bucket`, of the folder with the models,
            as the server sees it.

    Examples:
        >>> print(models_config(["ssd"], "/models").partition("\n")[2])
        model_config_list {
          config {
            name: "ssd"
            base_path: "/models/ssd"
            model_platform: "tensorflow"
          }
        }
        <BLANKLINE>
    """
    root = base_path.rstrip("/")
    configs = "".join(
        "  config {\n"
        f"    name: {_quoted(name)}\n"
        f"    base_path: {_quoted(f'{root}/{name}')}\n"
        '    model_platform: "tensorflow"\n'
        "  }\n"
        for name in names
    )
    return f"{_HEAD}model_config_list {{\n{configs}}}\n"


def _quoted(text: str) -> str:
    """Return a string literal of the text form, with octal escapes where a byte is not plain."""
    return '"' + "".join(_escaped(byte) for byte in text.encode(errors="surrogateescape")) + '"'


def _escaped(byte: int) -> str:
    is_plain = chr(byte).isascii() and chr(byte).isprintable() and chr(byte) not in '"\\'
    return chr(byte) if is_plain else f"\\{byte:03o}"
