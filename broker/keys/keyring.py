"""Each child's data key, unwrapped once and kept for a short while in bounded memory."""

import os
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from broker.keys.kms import Kms
from broker.keys.record import DEK_BYTES, Dek

CACHE_KEYS_MAX = 20_000
CACHE_SECONDS_MAX = 300
"""Security design 2.5: a shredded child's key is gone from every process within five minutes."""
FIRST_VERSION = 1


@dataclass(frozen=True, slots=True)
class WrappedDek:
    """A child's data key as PostgreSQL keeps it."""

    child_id: UUID
    version: int
    wrapped: bytes


class Keyring:
    """Hands out data keys; asks the key service only for those it does not hold."""

    def __init__(self, kms: Kms) -> None:
        self._kms = kms
        self._cache: OrderedDict[tuple[UUID, int], tuple[float, Dek]] = OrderedDict()

    async def create(self, children: Sequence[UUID]) -> list[tuple[Dek, WrappedDek]]:
        """Make a fresh key for each new child."""
        deks = [Dek(child, FIRST_VERSION, os.urandom(DEK_BYTES)) for child in children]
        wrapped = await self._kms.wrap([(d.key, _context(d.child_id, d.version)) for d in deks])
        return [
            (dek, WrappedDek(dek.child_id, dek.version, blob))
            for dek, blob in zip(deks, wrapped, strict=True)
        ]

    async def open(self, wrapped: Iterable[WrappedDek]) -> dict[UUID, Dek]:
        """Open keys, all that are missing in one request to the key service.

        Raises:
            UnavailableError: The key service does not answer.
            IntegrityError: A wrapped key was swapped or changed.
        """
        found: dict[UUID, Dek] = {}
        missing: list[WrappedDek] = []
        now = time.monotonic()
        for row in wrapped:
            held = self._cache.get((row.child_id, row.version))
            if held is not None and held[0] > now:
                found[row.child_id] = held[1]
            else:
                missing.append(row)
        if missing:
            keys = await self._kms.unwrap(
                [(row.wrapped, _context(row.child_id, row.version)) for row in missing]
            )
            for row, key in zip(missing, keys, strict=True):
                found[row.child_id] = self._keep(Dek(row.child_id, row.version, key), now)
        return found

    def forget(self, child: UUID) -> None:
        """Drop a child's keys from memory at once."""
        for key in [key for key in self._cache if key[0] == child]:
            del self._cache[key]

    def _keep(self, dek: Dek, now: float) -> Dek:
        self._cache[dek.child_id, dek.version] = (now + CACHE_SECONDS_MAX, dek)
        while len(self._cache) > CACHE_KEYS_MAX:
            self._cache.popitem(last=False)
        return dek


def _context(child: UUID, version: int) -> bytes:
    return b"child-dek/v1" + child.bytes + version.to_bytes(4, "big")
