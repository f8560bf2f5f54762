"""Seal what leaves the broker to the one agency that may open it."""

import os
from datetime import datetime

from broker.db.outbox import Outgoing
from broker.ids import new_id
from schemas.directory import AgencyDirectory
from schemas.sealing import SigningKey, seal

BROKER_SOURCE = "urn:fullpicture:broker"
NO_CHAIN = bytes(32)
"""Outward messages carry ids and are not chained: a chain would serialise every worker."""


class Outward:
    """Holds the broker's signing key and every agency's inbound key."""

    def __init__(self, signer: SigningKey, directory: AgencyDirectory) -> None:
        self._signer = signer
        self._inbound = {
            entry.agency: entry.inbound.public for entry in directory.agencies if entry.inbound
        }

    def reaches(self, agency: str) -> bool:
        """Tell whether anything can be sealed to an agency."""
        return agency in self._inbound

    def message(
        self, agency: str, plaintext: bytes, *, type_: str, topic: str, at: datetime
    ) -> Outgoing:
        """Seal one message to an agency, ready for the outbox."""
        message_id = new_id()
        envelope = seal(
            plaintext,
            type=type_,
            id=message_id,
            source=BROKER_SOURCE,
            time=at,
            topic=topic,
            sequence=1,
            prev=NO_CHAIN,
            recipient=self._inbound[agency],
            signer=self._signer,
            salt=os.urandom(32),
        )
        return Outgoing(
            topic=topic,
            headers=tuple((name, value.decode()) for name, value in envelope.headers()),
            value=envelope.value,
            key=message_id.bytes,
        )
