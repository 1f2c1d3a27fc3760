"""Text without meaning."""

import numpy as np
import pytest

from pipeline.codes.painting.lettering import (
    BOLD_FACES,
    FACES,
    Letters,
    Setting,
    any_setting,
    fitted_line,
    glyph_atlas,
    line_mask,
    paragraph,
)
from pipeline.codes.painting.words import figure, sentence, title, words


@pytest.mark.parametrize("face", sorted({*FACES, *BOLD_FACES}))
def test_every_typeface_is_there(face: str) -> None:
    """Each draws letters, and leaves no empty rows above and below them."""
    mask = line_mask("Hamburg 0123", face, 20)

    assert mask.max() == 255
    assert mask[0].any()
    assert mask[-1].any()


@pytest.mark.parametrize("text", ["", " "])
def test_a_line_without_letters_is_no_error(text: str) -> None:
    """It is an empty mask of at least one pixel."""
    mask = line_mask(text, FACES[0], 12)

    assert mask.size >= 1
    assert not mask.any()


@pytest.mark.parametrize(("width", "height"), [(100, 20), (20, 100), (400, 300), (3, 3)])
def test_a_fitted_line_stays_inside_and_touches_a_side(width: int, height: int) -> None:
    """It is as large as the rectangle allows, and no larger."""
    mask = fitted_line("Word", FACES[0], width, height)

    assert mask.shape[0] <= height
    assert mask.shape[1] <= width
    assert mask.shape[0] >= height - 1 or mask.shape[1] >= width - 1


@pytest.mark.parametrize("letters", Letters)
def test_a_paragraph_fills_its_rectangle(letters: Letters) -> None:
    """There is ink near all four sides, but not everywhere."""
    setting = Setting("DejaVuSans", 10, ragged=0.0, ends=0.0, letters=letters)

    mask = paragraph(np.random.default_rng(0), 300, 120, setting)

    assert mask.shape == (120, 300)
    assert mask[:20].any()
    assert mask[-20:].any()
    assert mask[:, :20].any()
    assert mask[:, -80:].any()
    assert 0.02 < (mask > 128).mean() < 0.5


@pytest.mark.parametrize("size_wh", [(1, 1), (3, 200), (2000, 8)])
def test_a_paragraph_fits_any_rectangle(size_wh: tuple[int, int]) -> None:
    """Without room for a word the rectangle stays empty."""
    setting = any_setting(np.random.default_rng(0), 8, 30)

    mask = paragraph(np.random.default_rng(0), *size_wh, setting)

    assert mask.shape == size_wh[::-1]


def test_glyphs_of_an_atlas_differ() -> None:
    """A space is empty, letters are not."""
    atlas = glyph_atlas("DejaVuSansMono", 16, "ab ")

    assert len(atlas) == 3
    assert atlas[0].any()
    assert not np.array_equal(atlas[0], atlas[1])
    assert not atlas[2].any()


def test_words_depend_on_the_generator_alone() -> None:
    """The same seed gives the same words, another seed others."""
    texts = [sentence(np.random.default_rng(seed), 100) for seed in (0, 0, 1)]

    assert texts[0] == texts[1] != texts[2]
    assert 60 < len(texts[0]) < 160


def test_there_are_as_many_words_as_asked_for() -> None:
    """None is empty, and none is asked for in vain."""
    rng = np.random.default_rng(0)

    chosen = words(rng, 200)

    assert len(chosen) == 200
    assert all(chosen)
    assert title(rng, 3) != title(rng, 3).lower()
    assert figure(rng)[0].isdigit()
