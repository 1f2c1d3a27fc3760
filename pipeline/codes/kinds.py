"""The kinds of machine-readable codes that the detector tells apart."""

from enum import StrEnum


class CodeKind(StrEnum):
    """A class of the detector, in the order of their class ids."""

    QR_CODE = "qr_code"
    DATA_MATRIX = "data_matrix"
    AZTEC = "aztec"
    PDF417 = "pdf417"
    LINEAR_BARCODE = "linear_barcode"

    @property
    def class_id(self) -> int:
        """The id in label files, data sets and the model's answers: 1..5.

        >>> [kind.class_id for kind in CodeKind]
        [1, 2, 3, 4, 5]
        """
        return list(CodeKind).index(self) + 1
