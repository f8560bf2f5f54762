"""Structured logs from an allow-list of fields: what is not on it is not written.

Scrubbing finds what it was told to look for; an allow-list cannot leak what nobody
thought of. Exceptions are written as their type and our own stable code.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

FIELDS = frozenset(
    {
        "event", "level", "timestamp", "logger", "role", "stage", "code", "reason", "rule",
        "agency", "count", "placed", "held", "duplicates", "quarantined", "heartbeats", "alerts",
        "unrouted", "latency_ms", "duration_ms", "topic", "partition", "offset", "port", "host",
        "version", "attempt", "wait_s", "error_type", "state", "sequence", "migration", "url_path",
        "status", "method", "message_id", "file_digest", "rows", "refused",
    }
)  # fmt: skip


def _allow(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    error = event.pop("exc_info", None)
    kind = sys.exc_info()[0] if error is True else type(error) if error else None
    if kind is not None:
        event["error_type"] = kind.__name__
    return {name: value for name, value in event.items() if name in FIELDS}


class _Foreign(logging.Handler):
    """Takes what libraries log: their name and level, never their text, which may quote data."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        structlog.get_logger().log(
            record.levelno,
            "library.message",
            logger=record.name,
            error_type=kind.__name__ if kind else None,
        )


def configure(role: str) -> None:
    """Send every log, ours and libraries', as JSON lines of allowed fields to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _allow,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(role=role)
    logging.basicConfig(handlers=[_Foreign(logging.WARNING)], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    for name in list(logging.root.manager.loggerDict):
        # A library that brings its own handler (FastStream does) would write past the list.
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
