"""The manifests of all steps that led to a model."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from pipeline.codes.artifact import Artifact
from pipeline.codes.workplace import Workplace
from pipeline.exceptions import ArtifactError

LINEAGE_FILE = "lineage.json"
"""Beside a published model's card."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What was made from what.

    Attributes:
        artifacts: By step, in the order of the steps.
    """

    artifacts: Mapping[str, Artifact]

    @classmethod
    def of(cls, workplace: Workplace) -> Self:
        """Read the manifests of a workplace.

        Raises:
            ArtifactError: A step is missing, or was made from another artifact than is there.
        """
        folders = {
            "make-data": workplace.data,
            "train": workplace.training,
            "export": workplace.exported,
            "evaluate": workplace.evaluation,
        }
        lineage = cls({step: Artifact.load(folder, step) for step, folder in folders.items()})
        lineage._check()
        return lineage

    def to_json(self) -> str:
        """Return the manifests as a JSON object by step.

        What `make-data` made is named by its digest alone: thousands of pictures would have
        thousands of lines.
        """
        fields = {step: asdict(artifact) for step, artifact in self.artifacts.items()}
        for step, artifact in self.artifacts.items():
            fields[step]["digest"] = artifact.digest()
        del fields["make-data"]["files"]
        return json.dumps(fields, indent=2) + "\n"

    def _check(self) -> None:
        for step, artifact in self.artifacts.items():
            for source, digest in artifact.inputs.items():
                if self.artifacts[source].digest() != digest:
                    raise ArtifactError(
                        f"The result of {step} was made from another result of {source} than is "
                        f"there now; run `python -m pipeline codes {step}` again."
                    )
