"""Every way the broker can fail, one class per thing a caller does differently."""

from typing import ClassVar

from schemas.errors import FullpictureError


class BrokerError(FullpictureError):
    """Anything that went wrong in the broker."""

    code: ClassVar[str] = "broker"


class RefusedError(BrokerError):
    """The message can never be handled: quarantine it and tell a person.

    `reason` is one of a short closed list, safe to log, count and put in a receipt.
    """

    code: ClassVar[str] = "broker.refused"

    def __init__(self, reason: str) -> None:
        """Keep the reason code; there is no other text, so nothing can leak."""
        super().__init__(reason)
        self.reason = reason


class UnavailableError(BrokerError):
    """PostgreSQL, Kafka or the key service does not answer: wait and try the same again."""

    code: ClassVar[str] = "broker.unavailable"


class StaleAssignmentError(BrokerError):
    """Another worker owns the partition now: this batch must change nothing."""

    code: ClassVar[str] = "broker.stale_assignment"


class SettingsError(BrokerError):
    """A setting, policy or key file is missing or wrong; the message says what to do."""

    code: ClassVar[str] = "broker.settings"


class NotPermittedError(BrokerError):
    """The answer is no, and no reason is given that could disclose anything."""

    code: ClassVar[str] = "broker.not_permitted"


class IntegrityError(BrokerError):
    """A stored record does not open: it was moved, swapped or changed."""

    code: ClassVar[str] = "broker.integrity"
