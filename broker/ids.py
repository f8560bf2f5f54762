"""Identifiers that sort by time (UUIDv7, RFC 9562 section 5.7)."""

import os
import time
from uuid import UUID

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM_A_MASK = 0xFFF
_RANDOM_B_MASK = (1 << 62) - 1


def new_id() -> UUID:
    """Make an identifier: 48 bits of Unix milliseconds, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    return UUID(
        int=(milliseconds << 80)
        | _VERSION_7
        | ((random >> 64) & _RANDOM_A_MASK) << 64
        | _VARIANT
        | (random & _RANDOM_B_MASK)
    )
