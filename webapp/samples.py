"""Pictures of ours, which somebody without one at hand can try with one click."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from webapp.exceptions import UnknownSampleError
from webapp.http.uploads import Upload

BUNDLED = Path(__file__).parent / "static" / "samples"
"""The folder of those that come with the application."""
_LIST = "samples.toml"


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture to try.

    Attributes:
        path: Its file, a JPEG called .jpg.
        title: A few words to show below it.
        alt: What there is to see in it, for people who do not see it.
        model: Name of the model that knows what is in it; empty where any does.
    """

    path: Path
    title: str
    alt: str
    model: str = ""

    @property
    def name(self) -> str:
        """What its addresses call it: the file's name without its extension."""
        return self.path.stem

    def upload(self) -> Upload:
        """Return its file as if a person had sent it."""
        return Upload(self.path.read_bytes(), self.path.name)


class Samples:
    """The samples of a folder, which are read once.

    Args:
        folder: With ``samples.toml``, a table ``[[samples]]`` for each in the order they are
            shown, and its ``file`` beside it; without that list there are no samples.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / _LIST
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["samples"] if path.exists() else []
        self.all = tuple(
            Sample(folder / row["file"], row["title"], row["alt"], row.get("model", ""))
            for row in rows
        )

    def choose(self, name: str) -> Sample:
        """Return the sample of that name.

        Raises:
            UnknownSampleError: There is none.
        """
        for sample in self.all:
            if sample.name == name:
                return sample
        raise UnknownSampleError
