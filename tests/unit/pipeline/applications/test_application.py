"""The value that says which Keras application is meant."""

import json
from typing import Any

import pytest

from pipeline.applications.application import Application


def test_an_application_survives_json() -> None:
    """What is sent to the process that exports makes an equal application there."""
    application = Application("MobileNet", 192, {"alpha": 0.75, "dropout": 0}, "conv_pw_13")

    received = Application(**json.loads(json.dumps(application.to_json())))

    assert received == application


def test_its_arguments_cannot_be_changed_from_outside() -> None:
    """The table that it was made from may change; it does not."""
    arguments: dict[str, Any] = {"alpha": 0.75}
    application = Application("MobileNet", 192, arguments)

    arguments["alpha"] = 1.0

    assert application.arguments == {"alpha": 0.75}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"name": ""}, "application must be a name such as MobileNetV2, got ''"),
        ({"name": "mobilenet_v2"}, "application must be a name such as MobileNetV2"),
        ({"name": "os.system"}, "application must be a name such as MobileNetV2"),
        ({"size": 0}, "size must be at least 1 pixel, got 0"),
        ({"arguments": {"weights": "x.h5"}}, "arguments.weights is not for the catalogue to say"),
        ({"arguments": {"include_top": False}}, "arguments.include_top is not for the catalogue"),
        ({"arguments": {"alpha": [1]}}, r"arguments.alpha must be a number or text, got \[1\]"),
    ],
)
def test_what_cannot_be_an_application_is_refused(changes: dict[str, Any], complaint: str) -> None:
    """The message has the key, what was expected and what came."""
    facts: dict[str, Any] = {"name": "MobileNet", "size": 192}

    with pytest.raises(ValueError, match=complaint):
        Application(**facts | changes)
