"""The catalogue: which models there are, where they come from and how they want to be fed.

The form of `catalogue.toml` is described at the head of that file. What a model is made from, an
archive or the weights of a Keras application, is for its entry to know; everybody else fetches a
file and has the entry make a SavedModel of it.

- `catalogue`: reads the file.
- `entry`: what every model has.
- `archive`: models that are published as an archive with a SavedModel.
- `application`: models that are built with Keras and exported here.
- `model_file`: the files that models are made from.
"""

from pipeline.catalogue.catalogue import Catalogue
from pipeline.catalogue.entry import CatalogueEntry
from pipeline.catalogue.model_file import ModelFile

__all__ = ["Catalogue", "CatalogueEntry", "ModelFile"]
