"""The ZeroMQ server: its socket, and the threads that answer."""

import logging
import threading

from model_server.core import ServerCore
from model_server.listening import address
from model_server.tokens import Authentication
from model_server.zmq_front.exchange import Exchange
from model_server.zmq_front.methods import methods_of
from model_server.zmq_front.reception import ZmqReception
from model_server.zmq_front.router import SharedRouter
from model_server.zmq_front.settings import ZmqSettings

logger = logging.getLogger(__name__)


class ZmqFront:
    """The ZeroMQ server.

    Args:
        core: Where the models are.
        authentication: Decides who may call.
        settings: The limits.
    """

    def __init__(
        self, core: ServerCore, authentication: Authentication, settings: ZmqSettings
    ) -> None:
        self._methods = methods_of(core, check_method_names=settings.check_method_names)
        self._authentication = authentication
        self._settings = settings
        self._router: SharedRouter | None = None
        self._reception: ZmqReception | None = None

    def start(self, host: str, port: int) -> None:
        """Listen, and answer calls from now on.

        Raises:
            ListenError: The port cannot be had.
        """
        self._router = SharedRouter(host, port, self._settings.message_bytes_max)
        self._reception = ZmqReception(self._router, self._settings)
        for number in range(self._settings.threads + 1):  # one takes calls in
            threading.Thread(
                target=self._serve,
                args=(self._router, self._reception),
                name=f"zmq-{number}",
                daemon=True,
            ).start()
        logger.info("Running ZeroMQ ModelServer at tcp://%s ...", address(host, port))

    def refuse(self) -> None:
        """Tell clients to go elsewhere with new calls."""
        if self._reception:
            self._reception.refuse()

    def drain(self, grace_s: float) -> None:
        """Refuse new calls, and wait so long for those that were taken in."""
        if self._reception and self._router:
            self._reception.close(grace_s)
            self._router.close()

    def _serve(self, router: SharedRouter, reception: ZmqReception) -> None:
        while received := reception.next_call():
            exchange = Exchange(received, self._methods, self._authentication)
            try:
                router.send(received.sender, exchange.answer())
                exchange.record()
            except Exception:
                # The edge of this thread, without which fewer calls would run at once.
                logger.exception("an answer could not be sent")
            finally:
                reception.finish(received)
