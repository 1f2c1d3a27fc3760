"""What lies behind and around codes in photographs.

`paint_backdrop` chooses one of `FAMILIES` and paints it. The pictures need not pass for
photographs; they have what matters to a detector: light, soft shadow, colour, and texture at
several scales.
"""

import numpy as np

from pipeline.codes.backdrops.circuits import paint_circuit_board
from pipeline.codes.backdrops.desks import paint_desk, paint_parcel
from pipeline.codes.backdrops.foliage import paint_grass, paint_leaves
from pipeline.codes.backdrops.hands import paint_hand
from pipeline.codes.backdrops.labels import paint_label, paint_sign
from pipeline.codes.backdrops.masonry import paint_bricks, paint_tiles
from pipeline.codes.backdrops.materials import (
    paint_cardboard,
    paint_carpet,
    paint_cloth,
    paint_concrete,
)
from pipeline.codes.backdrops.packaging import paint_packaging, paint_poster
from pipeline.codes.backdrops.pages import paint_invoice, paint_newspaper, paint_page
from pipeline.codes.backdrops.plain import paint_gradient, paint_surface
from pipeline.codes.backdrops.rooms import paint_room, paint_street
from pipeline.codes.backdrops.screens import paint_desktop, paint_editor, paint_messages
from pipeline.codes.backdrops.sheets import (
    paint_brushed_metal,
    paint_crumpled_paper,
    paint_film,
)
from pipeline.codes.backdrops.shelves import paint_shelves
from pipeline.codes.backdrops.stone import paint_granite, paint_marble, paint_terrazzo
from pipeline.codes.backdrops.wood import paint_wood
from pipeline.codes.distractors.keys import paint_keys
from pipeline.codes.painting.canvas import Picture
from pipeline.codes.painting.families import Family, chosen, painted

__all__ = ["FAMILIES", "paint_backdrop"]

FAMILIES = (
    Family(10, paint_surface),
    Family(5, paint_gradient),
    Family(4, paint_concrete),
    Family(4, paint_cardboard),
    Family(3, paint_cloth),
    Family(2, paint_carpet),
    Family(3, paint_marble),
    Family(2, paint_granite),
    Family(1, paint_terrazzo),
    Family(5, paint_wood),
    Family(4, paint_crumpled_paper),
    Family(3, paint_film),
    Family(3, paint_brushed_metal),
    Family(7, paint_page),
    Family(3, paint_newspaper),
    Family(3, paint_invoice),
    Family(10, paint_packaging),
    Family(4, paint_poster),
    Family(5, paint_label),
    Family(3, paint_sign),
    Family(5, paint_shelves),
    Family(2, paint_bricks),
    Family(2, paint_tiles),
    Family(5, paint_room),
    Family(2, paint_street),
    Family(2, paint_leaves),
    Family(2, paint_grass),
    Family(4, paint_hand),
    Family(6, paint_desk),
    Family(5, paint_parcel),
    Family(3, paint_desktop),
    Family(2, paint_editor),
    Family(2, paint_messages),
    Family(3, paint_circuit_board),
    Family(2, paint_keys),
)

_TURNED_SHARE = 0.25


def paint_backdrop(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a surface or a place to put codes on.

    Args:
        rng: Randomness; the same state gives the same bytes.
        width: In pixels, at least 1.
        height: In pixels, at least 1.

    Returns:
        uint8 RGB [H, W, 3].
    """
    return painted(rng, chosen(rng, FAMILIES).paint, (width, height), _TURNED_SHARE)
