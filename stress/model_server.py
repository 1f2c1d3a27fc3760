"""Calls of a model server alone: a picture that is decoded once is shown to it again and again."""

from recognition import LabelledModel, look_at
from serving_client import ServingClient, Timings
from serving_client.bench import FailedCallError
from vision import DecodeLimits, OutputsError, decode_picture

__all__ = ["ModelServerCalls"]


class ModelServerCalls:
    """Shows one picture to a model, as :data:`stress.Call`.

    Args:
        client: Of the server.
        model: Which model.
        data: The picture file.
        limits: What decoding it may take.
        timeout_s: Deadline of each call; the client's default if None.

    Raises:
        PictureError: The file is no picture that can be used.
    """

    def __init__(
        self,
        client: ServingClient,
        model: LabelledModel,
        data: bytes,
        *,
        limits: DecodeLimits | None = None,
        timeout_s: float | None = None,
    ) -> None:
        self._client = client
        self._model = model
        self._picture = decode_picture(
            data, resize=model.card.input.resize, limits=limits or DecodeLimits()
        )
        self._timeout_s = timeout_s

    def __call__(self, _number: int) -> Timings:
        """Make a call.

        Raises:
            ServingError: It failed.
        """
        try:
            look = look_at(self._client, self._model, self._picture, timeout_s=self._timeout_s)
        except OutputsError as error:
            raise FailedCallError("broken_answer") from error
        return look.timings
