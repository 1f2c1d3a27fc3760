"""From the headers of a call to the call: what it is, and whether it is let in."""

from collections.abc import Mapping

from model_server.h2_front.budget import Budget
from model_server.h2_front.exchange import Exchange
from model_server.h2_front.headers import Metadata
from model_server.h2_front.health_calls import CHECK, WATCH, HealthCall
from model_server.h2_front.inflow import Inflow
from model_server.h2_front.methods import Method
from model_server.h2_front.reply import Reply
from model_server.h2_front.settings import LightSettings
from model_server.h2_front.unknown_call import UnknownCall
from model_server.health import Health
from model_server.status import ServingError
from model_server.tokens import Authentication

_HEALTH_BYTES_MAX = 16 << 10

Visitor = Exchange | HealthCall | UnknownCall


class Calls:
    """Begins calls.

    Args:
        methods: What can be called, by path.
        health: The service for calls about health; `None` has none.
        authentication: Decides who may make the other calls.
        budget: The memory for requests.
        settings: How large they may be.
    """

    def __init__(
        self,
        methods: Mapping[str, Method],
        health: Health | None,
        authentication: Authentication,
        budget: Budget,
        settings: LightSettings,
    ) -> None:
        self._methods = methods
        self._health = health
        self._authentication = authentication
        self._budget = budget
        self._settings = settings

    def begin(self, reply: Reply, metadata: Metadata) -> Visitor:
        """Begin a call; one that is not let in has its `refusal`."""
        if method := self._methods.get(metadata.path):
            return self._exchange(reply, metadata, method)
        if self._health and metadata.path in (CHECK, WATCH):
            return HealthCall(
                reply, self._health, metadata, Inflow(_HEALTH_BYTES_MAX, self._budget)
            )
        return UnknownCall(reply, Inflow(0, self._budget))

    def _exchange(self, reply: Reply, metadata: Metadata, method: Method) -> Exchange:
        inflow = Inflow(self._settings.message_bytes_max, self._budget)
        exchange = Exchange(reply, method, metadata, inflow, self._settings.inflated_bytes_max)
        authorization = metadata.headers.get("authorization", "")
        try:
            exchange.caller = self._authentication.caller_of(authorization)
            exchange.check_encoding()
        except ServingError as error:
            exchange.refusal = error
        return exchange
