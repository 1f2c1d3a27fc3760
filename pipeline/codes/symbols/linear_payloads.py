"""What linear codes hold, each form by its own rules, and what people read below them."""

from collections.abc import Callable, Mapping

import numpy as np

from pipeline.codes.painting.draws import chance
from pipeline.codes.painting.weighted import weighted
from pipeline.codes.symbols.payloads import random_capitals, random_digits

Payload = tuple[str, str]
"""What is given to the writer, and what stands below the bars."""

_TEXT_LENGTHS = {"Code128": 22, "Code39": 14, "Code93": 14}


def linear_payload(rng: np.random.Generator, form: str) -> Payload:
    """Draw the content of a linear code.

    Args:
        rng: Where all choices come from.
        form: zxing-cpp's name of the symbology.
    """
    if form in _TEXT_LENGTHS:
        return _text(rng, form)
    return _WRITERS[form](rng)


def _retail(digits: int) -> Callable[[np.random.Generator], Payload]:
    """Make a writer of article numbers; now and then with an add-on, as on magazines."""

    def write(rng: np.random.Generator) -> Payload:
        number = random_digits(rng, digits)
        add_on = weighted(rng, {0: 92, 2: 4, 5: 4})
        return number + ("+" + random_digits(rng, add_on) if add_on else ""), number + "5"

    return write


def _upc_e(rng: np.random.Generator) -> Payload:
    # Zeros are what UPC-E leaves out, so some places cannot hold the digits 0 to 2.
    digits = "0" + "".join(map(str, rng.integers(3, 10, 6)))
    return digits, digits + "2"


def _data_bar(rng: np.random.Generator) -> Payload:
    digits = "0" + random_digits(rng, 12)
    return digits, f"(01){digits}7"


def _expanded(rng: np.random.Generator) -> Payload:
    number = f"0{random_digits(rng, 12)}"
    lot = random_capitals(rng, int(rng.integers(2, 9)))
    content = f"[01]{number}{check_digit(number)}[10]{lot}"
    return content, content.replace("[", "(").replace("]", ")")


def check_digit(number: str) -> int:
    """Compute the check digit of a GTIN or EAN: weights 3, 1, 3, 1 ... from the right."""
    digits = [int(digit) for digit in reversed(number)]
    return -(3 * sum(digits[::2]) + sum(digits[1::2])) % 10


def _itf14(rng: np.random.Generator) -> Payload:
    digits = random_digits(rng, 13)
    return digits, digits + "0"


def _itf(rng: np.random.Generator) -> Payload:
    digits = random_digits(rng, 2 * int(rng.integers(2, 10)))
    return digits, digits


def _codabar(rng: np.random.Generator) -> Payload:
    digits = random_digits(rng, int(rng.integers(4, 14)))
    return f"A{digits}B", digits


def _text(rng: np.random.Generator, form: str) -> Payload:
    text = random_capitals(rng, int(rng.integers(4, _TEXT_LENGTHS[form])))
    if form == "Code128" and chance(rng, 0.5):
        text = random_digits(rng, 2 * int(rng.integers(3, 13)))
    return text, text


_WRITERS: Mapping[str, Callable[[np.random.Generator], Payload]] = {
    "EAN13": _retail(12),
    "EAN8": _retail(7),
    "UPCA": _retail(11),
    "UPCE": _upc_e,
    "ITF": _itf,
    "ITF14": _itf14,
    "Codabar": _codabar,
    "DataBarOmni": _data_bar,
    "DataBarLtd": _data_bar,
    "DataBarStk": _data_bar,
    "DataBarStkOmni": _data_bar,
    "DataBarExp": _expanded,
    "DataBarExpStk": _expanded,
}
