"""The API against its own description: made-up requests, good and bad, by the hundred."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from webapp import Settings, create_app
from webapp.openapi.__main__ import TARGET
from webapp.services import EXTENSION
from webapp.testing import Box, FakeModelServer, install_classifier, install_model

EXAMPLES = 20
# A file of random bytes fits the description, and is no picture; nor is a random name a model's.
NOT_ASKED: list[Any] = [positive_data_acceptance]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    """The description as the application sends it, and the application behind it."""
    folder: Path = tmp_path_factory.mktemp("site")
    install_model(folder / "models", "toy")
    install_classifier(folder / "models", "namer")
    site = Settings(
        model_repository=folder / "models",
        originals=folder / "originals",
        database_url=f"sqlite:///{folder}/results.sqlite3",
        requests_per_minute=0,
        changes_per_minute=0,
    )
    model_server = FakeModelServer([Box(18, 0.9, (0.1, 0.0, 0.9, 0.5))])
    app = create_app(site, client=model_server.client())
    yield schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    app.extensions[EXTENSION].close()


def addresses() -> list[tuple[str, str, GenerationMode]]:
    """The paths and methods of the committed description, and what can be asked of them."""
    paths: dict[str, Any] = json.loads(TARGET.read_text(encoding="utf-8"))["paths"]
    return [
        (path, method, mode)
        for path, methods in paths.items()
        for method, operation in methods.items()
        for mode in GenerationMode
        # Where nothing is to be sent, nothing can be wrong with it.
        if mode.is_positive or operation["parameters"] or "requestBody" in operation
    ]


@pytest.mark.parametrize(("path", "method", "mode"), addresses())
def test_every_address_keeps_to_its_description(
    described: BaseSchema, path: str, method: str, mode: GenerationMode
) -> None:
    """Each request, possible or not, gets an answer that the description has, and no fault."""
    cases: Any = described[path][method].as_strategy(generation_mode=mode)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[*HealthCheck])
    @given(cases)
    def check(case: Case[Any]) -> None:
        response = case.call()
        is_too_large = response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        # It was refused, before anybody looked at what is wrong with it.
        excluded = [*NOT_ASKED, negative_data_rejection] if is_too_large else NOT_ASKED
        case.validate_response(response, excluded_checks=excluded)

    check()
