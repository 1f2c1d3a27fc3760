"""The public face of the package."""

import subprocess
import sys

import vision

ALIASES = {"ImageHwc"}  # they do not know where they are from


def test_all_is_sorted_and_complete() -> None:
    """`__all__` has each public name of the package once, in order."""
    public = {
        name
        for name, value in vars(vision).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("vision.")
    }

    assert vision.__all__ == sorted(public | ALIASES)


def test_every_picture_error_is_a_vision_error() -> None:
    """One `except` clause catches all that this package raises on purpose."""
    errors = [
        value
        for value in vars(vision).values()
        if isinstance(value, type) and issubclass(value, Exception)
    ]

    assert len(errors) >= 8
    assert all(issubclass(error, vision.VisionError) for error in errors)


def test_importing_vision_loads_nothing_but_numpy_and_pillow() -> None:
    """No web framework, model runtime or RPC library comes along."""
    code = (
        "import sys, vision;"
        "print({name.partition('.')[0] for name in sys.modules}"
        " & {'flask', 'grpc', 'tensorflow', 'google', 'sqlalchemy', 'serving_client'})"
    )

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout.strip() == "set()"
