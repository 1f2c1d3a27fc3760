"""Sample pictures that are nothing to look at."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vision import encode_jpeg


def install_samples(folder: Path, titles: Mapping[str, str], model: str = "") -> Path:
    """Write plain pictures of 1280 x 960 pixels and their list, and return the folder.

    Args:
        folder: Where to.
        titles: By name of the sample.
        model: Name of the model that knows what is in them; empty where any does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (name, title) in enumerate(titles.items(), start=1):
        shade = np.full((960, 1280, 3), 255 * number // (len(titles) + 1), np.uint8)
        (folder / f"{name}.jpg").write_bytes(encode_jpeg(shade))
        rows.append(
            f'[[samples]]\nfile = "{name}.jpg"\ntitle = "{title}"\nalt = "Plain grey"\n'
            f'model = "{model}"\n'
        )
    (folder / "samples.toml").write_text("\n".join(rows), encoding="utf-8")
    return folder
