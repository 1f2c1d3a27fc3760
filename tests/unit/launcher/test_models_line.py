"""What the launcher says about the installed models."""

import pytest

from launcher.web_app import Model, models_line

BUNDLED, FETCHED = Model("codes", bundled=True), Model("ssd", bundled=False)
MORE = "; `make models`, in another terminal, adds one for everyday objects"


@pytest.mark.parametrize(
    ("models", "line"),
    [
        ([], "no model is installed: `make models`, in another terminal, fetches one"),
        ([BUNDLED], f"models: codes{MORE}"),
        ([BUNDLED, Model("ours", bundled=True)], f"models: codes, ours{MORE}"),
        ([FETCHED], "models: ssd"),
        ([FETCHED, BUNDLED], "models: ssd, codes"),
    ],
    ids=["none", "bundled", "two bundled", "fetched", "both"],
)
def test_models_are_named_with_a_way_to_more(models: list[Model], line: str) -> None:
    """The default model comes first; who has only bundled ones is told how to add another."""
    assert models_line(models) == line
