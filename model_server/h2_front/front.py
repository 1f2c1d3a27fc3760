"""The light gRPC server: its door, and the threads that answer."""

import logging
import threading
import time

from model_server.core import ServerCore
from model_server.h2_front.budget import Budget
from model_server.h2_front.calls import Calls
from model_server.h2_front.door import Door
from model_server.h2_front.methods import methods_of
from model_server.h2_front.settings import LightSettings
from model_server.health import Health
from model_server.listening import address, listen
from model_server.tokens import Authentication

logger = logging.getLogger(__name__)

_SETTLE_S = 0.1  # far more than a call needs that was sent before its client knew better
_POLL_S = 0.01


class LightFront:
    """The gRPC server without the gRPC library.

    Args:
        core: Where the models are.
        health: The health service to offer beside them; nobody has to show a token for it.
        authentication: Decides who may make the other calls.
        settings: How to set it up.
    """

    def __init__(
        self,
        core: ServerCore,
        health: Health,
        authentication: Authentication,
        settings: LightSettings,
    ) -> None:
        self._settings = settings
        self._budget = Budget(settings.budget_bytes)
        self._calls = Calls(
            methods_of(core, settings),
            health if settings.has_health else None,
            authentication,
            self._budget,
            settings,
        )
        self._door: Door | None = None
        self._ended = threading.Event()
        self._ended.set()

    def start(self) -> None:
        """Listen, and answer calls from now on.

        Raises:
            ListenError: The port cannot be had.
        """
        host, port = self._settings.host, self._settings.port
        self._door = Door(listen(host, port), self._calls, self._budget, self._settings)
        for number in range(self._settings.threads + 1):  # one takes calls in
            threading.Thread(
                target=self._serve, args=(self._door,), name=f"grpc-{number}", daemon=True
            ).start()
        logger.info("Running light gRPC ModelServer at %s ...", address(host, port))

    def drain(self, grace_s: float) -> threading.Event:
        """Refuse new calls, and end those that take longer than the grace period.

        Clients are told twice: first that they should call elsewhere, and a moment later, when each
        has had the time to heed it, that later calls were not looked at.

        Returns:
            An event that is set once no call is left.
        """
        door, self._door, ended = self._door, None, self._ended
        if door is None:  # it never started, or drains already
            return ended
        ended.clear()
        door.stop_listening()
        door.leave(is_final=False)
        time.sleep(_SETTLE_S)
        door.leave(is_final=True)
        threading.Thread(
            target=self._end, args=(door, grace_s, ended), name="grpc-drain", daemon=True
        ).start()
        return ended

    def _end(self, door: Door, grace_s: float, ended: threading.Event) -> None:
        deadline = time.monotonic() + grace_s
        while door.is_busy and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        try:
            door.close(0.0)
            door.end()
        finally:
            ended.set()

    @staticmethod
    def _serve(door: Door) -> None:
        while exchange := door.next_call():
            try:
                exchange.run()
            except Exception:
                # The edge of this thread, without which fewer calls would run at once.
                logger.exception("an answer could not be sent")
            finally:
                door.finish(exchange)
