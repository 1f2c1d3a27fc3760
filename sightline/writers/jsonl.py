"""Answers as JSON lines."""

import json
from collections.abc import Sequence
from typing import TextIO

from sightline.answers import Answer


class JsonLinesWriter:
    """A line of JSON for each answer; see https://jsonlines.org.

    Args:
        out: Where to.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, answers: Sequence[Answer]) -> None:
        """See `Writer`."""
        for answer in answers:
            self._out.write(json.dumps(answer.to_fields(), ensure_ascii=False) + "\n")
        self._out.flush()

    def close(self) -> None:
        """See `Writer`."""
