"""What a key service must do, whoever keeps the keys.

Every kind passes the same behaviour suite (`tests/keys/kms_suite.py`).
"""

from collections.abc import Sequence
from typing import Protocol


class Kms(Protocol):
    """Wraps and unwraps small keys under keys that it never gives away."""

    async def wrap(self, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Wrap `(key, context)` pairs, each bound to its context.

        Raises:
            UnavailableError: The service does not answer: wait and try again.
        """
        ...

    async def unwrap(self, wrapped: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Unwrap `(wrapped, context)` pairs.

        Raises:
            UnavailableError: The service does not answer: wait and try again.
            IntegrityError: A wrapped key does not belong to its context.
        """
        ...

    async def secret(self, name: str) -> bytes:
        """Give a named 32-byte secret that must live in process memory (the match key)."""
        ...
