"""The log: lines for people, or a JSON object a line for programs."""

import json
import logging
from datetime import UTC, datetime

from webapp.http.request_id import NO_REQUEST, RequestIdFilter

_TEXT = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"
# What every record has; anything else was given with ``extra`` and is worth a field of its own.
_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def log_to_stderr(log_format: str) -> None:
    """Have everything logged from ``INFO`` on written to the standard error output.

    Args:
        log_format: "text" or "json".
    """
    handler = logging.StreamHandler()
    handler.addFilter(RequestIdFilter())
    handler.setFormatter(JsonFormatter() if log_format == "json" else logging.Formatter(_TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: ``time``, ``level``, ``logger``, ``message`` and what else."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_extras(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _extras(record: logging.LogRecord) -> dict[str, object]:
    extras = {name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD}
    return {name: value for name, value in extras.items() if value != NO_REQUEST}
