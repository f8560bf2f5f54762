"""A sealed message as CloudEvents 1.0 in the Kafka binary binding.

Clear are only ids, the agency, the send time in whole seconds and what is needed to verify
and open (security design 2.3). The true type, the incident's time and everything personal
is inside `value`. A message's headers must be exactly these, each once, in canonical text.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from schemas.errors import EnvelopeError

SPEC_VERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/vnd.concern.hpke"
CLASSIFICATION: Final = "restricted"
SEALED_TYPE: Final = "uk.fullpicture.concern.sealed.v1"
RECEIPT_TYPE: Final = "uk.fullpicture.receipt.sealed.v1"
ALERT_TYPE: Final = "uk.fullpicture.alert.sealed.v1"
TYPES: Final = frozenset({SEALED_TYPE, RECEIPT_TYPE, ALERT_TYPE})

HASH_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
SEQUENCE_MAX: Final = 2**63 - 1
HEADER_BYTES_MAX: Final = 300
VALUE_BYTES_MAX: Final = 20 * 1024

Header = tuple[str, bytes]

_NAMES: Final = (
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_time",
    "content-type",
    "ce_recipientkid",
    "ce_sealsuite",
    "ce_sigkid",
    "ce_sequence",
    "ce_prev",
    "ce_commit",
    "ce_dataclassification",
    "ce_sig",
)
_SOURCE: Final = re.compile(r"^urn:[a-z0-9]+(?::[a-z0-9][a-z0-9-]{0,62}){1,2}$")
_KID: Final = re.compile(r"^[0-9a-f]{16}$")
_SUITE: Final = re.compile(r"^[a-z0-9][a-z0-9-]{1,40}$")
_SEQUENCE: Final = re.compile(r"^[1-9][0-9]{0,18}$")
_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_B64_HASH: Final = 43
_B64_SIGNATURE: Final = 86


@dataclass(frozen=True, slots=True)
class Envelope:
    """One sealed message. `prev` is the digest of the source's message before it."""

    id: UUID
    type: str
    source: str
    time: datetime
    recipient_kid: str
    suite: str
    sig_kid: str
    sequence: int
    prev: bytes
    commit: bytes
    signature: bytes = field(repr=False)
    value: bytes = field(repr=False)

    def headers(self) -> list[Header]:
        """Write the headers, in their one order."""
        return [*self.unsigned_headers(), ("ce_sig", _b64(self.signature))]

    def unsigned_headers(self) -> list[Header]:
        """Write every header the signature covers."""
        return [
            ("ce_specversion", b"1.0"),
            ("ce_id", str(self.id).encode()),
            ("ce_source", self.source.encode()),
            ("ce_type", self.type.encode()),
            ("ce_time", self.time.strftime(_TIME_FORMAT).encode()),
            ("content-type", b"application/vnd.concern.hpke"),
            ("ce_recipientkid", self.recipient_kid.encode()),
            ("ce_sealsuite", self.suite.encode()),
            ("ce_sigkid", self.sig_kid.encode()),
            ("ce_sequence", b"%d" % self.sequence),
            ("ce_prev", _b64(self.prev)),
            ("ce_commit", _b64(self.commit)),
            ("ce_dataclassification", b"restricted"),
        ]

    def digest(self) -> bytes:
        """Hash the whole message: what the next one of this source names as `prev`."""
        digest = hashlib.sha256(b"envelope/v1")
        for name, value in self.headers():
            digest.update(b"%d:%s=%d:%s," % (len(name), name.encode(), len(value), value))
        digest.update(self.value)
        return digest.digest()

    @classmethod
    def parse(cls, headers: Sequence[Header], value: bytes) -> "Envelope":
        """Read a message; anything but one canonical envelope is refused.

        Raises:
            EnvelopeError: Whatever is wrong with it; the message says no more than that.
        """
        envelope: Envelope | None = None
        try:
            envelope = cls._read(headers, value)
        except (ValueError, OverflowError):
            # Not chained: a codec's error quotes what it could not read.
            envelope = None
        if envelope is None or sorted(envelope.headers()) != sorted(headers):
            msg = "the message is not one well-formed envelope"
            raise EnvelopeError(msg)
        return envelope

    @classmethod
    def _read(cls, headers: Sequence[Header], value: bytes) -> "Envelope | None":
        found = dict(headers)
        whole = len(headers) == len(_NAMES) == len(found) and all(n in found for n in _NAMES)
        short = all(len(text) <= HEADER_BYTES_MAX for text in found.values())
        if not (whole and short and 0 < len(value) <= VALUE_BYTES_MAX):
            return None
        text = {name: raw.decode("ascii") for name, raw in found.items()}
        well_formed = (
            text["ce_type"] in TYPES
            and _SOURCE.match(text["ce_source"])
            and _KID.match(text["ce_recipientkid"])
            and _KID.match(text["ce_sigkid"])
            and _SUITE.match(text["ce_sealsuite"])
            and _SEQUENCE.match(text["ce_sequence"])
        )
        if not well_formed or int(text["ce_sequence"]) > SEQUENCE_MAX:
            return None
        return cls(
            id=UUID(text["ce_id"]),
            type=text["ce_type"],
            source=text["ce_source"],
            time=datetime.strptime(text["ce_time"], _TIME_FORMAT).replace(tzinfo=UTC),
            recipient_kid=text["ce_recipientkid"],
            suite=text["ce_sealsuite"],
            sig_kid=text["ce_sigkid"],
            sequence=int(text["ce_sequence"]),
            prev=_bytes(text["ce_prev"], HASH_BYTES),
            commit=_bytes(text["ce_commit"], HASH_BYTES),
            signature=_bytes(text["ce_sig"], SIGNATURE_BYTES),
            value=value,
        )


def _b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _bytes(text: str, length: int) -> bytes:
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(data) != length:
        msg = "length"
        raise ValueError(msg)
    return data
