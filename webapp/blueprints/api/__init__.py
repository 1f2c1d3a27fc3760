"""The JSON API, version 1: a module for each kind of thing that it has addresses for."""

from webapp.blueprints.api import (
    batches,
    description,
    explanations,
    glances,
    models,
    pictures,
    results,
)
from webapp.blueprints.api.blueprint import blueprint

__all__ = [
    "batches",
    "blueprint",
    "description",
    "explanations",
    "glances",
    "models",
    "pictures",
    "results",
]
