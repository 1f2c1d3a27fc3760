"""Calls of the whole way of the web application, of which nothing is kept."""

from serving_client import Timings
from serving_client.bench import FailedCallError
from webapp.exceptions import BusyError
from webapp.recognise import Recogniser
from webapp.results import Result, StageTimes

_BUSY = "busy"


class Glances:
    """Has the recogniser look at one file again and again, as :data:`stress.Call`.

    It takes the same places as uploads do, so it is turned away as they are.

    Args:
        recogniser: Looks.
        data: The picture file.
        model_name: Which model.
    """

    def __init__(self, recogniser: Recogniser, data: bytes, model_name: str) -> None:
        self._recogniser = recogniser
        self._data = data
        self._model_name = model_name

    def __call__(self, _number: int) -> Timings:
        """Look at the file.

        Raises:
            FailedCallError: There is no answer.
        """
        try:
            result = self._recogniser.glance(self._data, model_name=self._model_name)
        except BusyError as error:
            raise FailedCallError(_BUSY) from error
        return _timings(_times(result))


def _times(result: Result) -> StageTimes:
    if result.times is None:
        raise FailedCallError(str(result.failure_kind))
    return result.times


def _timings(times: StageTimes) -> Timings:
    return Timings(
        encode_s=times.encode / 1000,
        wire_s=times.serve / 1000,
        decode_s=times.parse / 1000,
        total_s=times.total / 1000,
        attempts=1,
    )
