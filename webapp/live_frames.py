"""Frames of live pictures: looked at, answered, forgotten."""

from webapp.limits.gate import Gate
from webapp.recognise import Recogniser
from webapp.results import Result, Task

# An old frame is of no use: it waits for its turn for no more than this share of its time.
_WAIT_SHARE = 0.25


class LiveFrames:
    """Asks detectors what is in frames, and keeps nothing of them.

    Args:
        recogniser: What looks at them.
        gate: Where frames wait for their turn, before they wait with everything else.
        timeout_s: Seconds for a frame, from its arrival to its answer.
    """

    def __init__(self, recogniser: Recogniser, gate: Gate, timeout_s: float) -> None:
        self._recogniser = recogniser
        self._gate = gate
        self._timeout_s = timeout_s

    def look(self, data: bytes, *, model_name: str | None, threshold: float | None) -> Result:
        """Look at a frame.

        Args:
            data: A picture file.
            model_name: Which detector; None for the default one.
            threshold: Score, 0..1, from which detections are shown; None for the model's own.

        Returns:
            A result that is done, and has all detections from its score floor up.

        Raises:
            NoModelError: No detector is installed.
            UnknownModelError: None of that name is.
            TaskError: The model is none.
            PictureError: The bytes are no picture that can be used.
            BusyError: Too many pictures are being looked at.
            NoAnswerError: The model server gave no answer.
        """
        with self._gate.place(wait_s=self._timeout_s * _WAIT_SHARE):
            return self._recogniser.glance(
                data,
                model_name=model_name,
                threshold=threshold,
                task=Task.DETECTION,
                timeout_s=self._timeout_s,
            ).expect_done()
