"""The committed description of the API is that of the code."""

import json

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from webapp.openapi.__main__ import TARGET, text
from webapp.openapi.document import UndescribedError, openapi_document


def test_description_is_up_to_date() -> None:
    """`python -m webapp.openapi` would change nothing."""
    assert TARGET.read_text(encoding="utf-8") == text(), "run: python -m webapp.openapi"


def test_description_is_one_of_openapi() -> None:
    """It keeps to OpenAPI 3.1."""
    OpenAPIV31SpecValidator(json.loads(text())).validate()


def test_everything_is_described() -> None:
    """Each address has a summary, each field and parameter a description."""
    document = json.loads(text())

    operations = [each for path in document["paths"].values() for each in path.values()]
    assert all(each["summary"] for each in operations)
    for each in operations:
        for parameter in each["parameters"]:
            assert parameter["in"] == "path" or parameter["description"], parameter
    for name, schema in document["components"]["schemas"].items():
        assert schema["description"], name
        for field, value in schema.get("properties", {}).items():
            assert value["description"], f"{name}.{field}"


def test_view_that_says_nothing_is_noticed() -> None:
    """Nobody adds an address without a description."""
    app = Flask(__name__)
    app.add_url_rule("/api/v1/new", "api.new", lambda: "")

    with pytest.raises(UndescribedError, match=r"api\.new"):
        openapi_document(app)
