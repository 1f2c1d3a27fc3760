"""Codes as grids of modules."""

import numpy as np
import pytest

from pipeline.codes.kinds import CodeKind
from pipeline.codes.symbols.linear_payloads import linear_payload
from pipeline.codes.symbols.symbologies import random_grid


def _forms(kind: CodeKind, count: int) -> set[str]:
    return {random_grid(np.random.default_rng([3, n]), kind).form for n in range(count)}


def test_every_linear_form_is_written() -> None:
    """Retail, parcel, library and coupon codes all come up."""
    forms = _forms(CodeKind.LINEAR_BARCODE, 600)

    assert forms == {
        "EAN13", "EAN8", "UPCA", "UPCE", "Code128", "Code39", "Code93", "ITF", "ITF14", "Codabar",
        "DataBarOmni", "DataBarLtd", "DataBarExp", "DataBarStk", "DataBarStkOmni", "DataBarExpStk",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "forms"),
    [
        (CodeKind.QR_CODE, {"QRCode", "MicroQRCode", "RMQRCode"}),
        (CodeKind.AZTEC, {"Aztec", "AztecRune"}),
        (CodeKind.PDF417, {"PDF417", "CompactPDF417", "MicroPDF417"}),
    ],
)
def test_relatives_of_a_kind_are_written_too(kind: CodeKind, forms: set[str]) -> None:
    """The rarer forms count as the kind they belong to."""
    assert _forms(kind, 300) == forms


def test_data_matrix_is_square_or_a_rectangle() -> None:
    """Both shapes of ISO/IEC 16022 come up."""
    grids = [random_grid(np.random.default_rng([4, n]), CodeKind.DATA_MATRIX) for n in range(60)]

    shapes = {grid.modules.shape[0] == grid.modules.shape[1] for grid in grids}

    assert shapes == {True, False}


def test_qr_codes_have_many_sizes_most_of_them_small() -> None:
    """Versions 1 to 20 have 21 to 97 modules a side."""
    grids = [random_grid(np.random.default_rng([5, n]), CodeKind.QR_CODE) for n in range(300)]

    sides = [len(grid.modules) for grid in grids if grid.form == "QRCode"]

    assert min(sides) == 21
    assert 60 < max(sides) <= 97
    assert np.median(sides) < 45


def test_linear_bars_are_low_strips_and_towers() -> None:
    """The height of the bars varies widely in relation to their length."""
    grids = [
        random_grid(np.random.default_rng([6, n]), CodeKind.LINEAR_BARCODE) for n in range(300)
    ]

    ratios = [grid.modules.shape[0] / grid.modules.shape[1] for grid in grids]

    assert min(ratios) < 0.15
    assert max(ratios) > 0.7


def test_gtin_of_an_expanded_code_has_its_check_digit() -> None:
    """GS1's own algorithm agrees: weights 3 and 1 from the right make a multiple of ten."""
    content, _ = linear_payload(np.random.default_rng(1), "DataBarExp")

    digits = [int(digit) for digit in content[4:18]]

    assert (3 * sum(digits[::2]) + sum(digits[1::2])) % 10 == 0
