"""Two signed directories of public keys: who may send, and which key to seal to.

Each is one JSON document in a DSSE-style envelope, signed by the scheme's root key. A
reader pins the root and refuses what is forged, expired, or older than what it has seen.
"""

import base64
import binascii
import json
from datetime import datetime
from functools import cached_property
from typing import Annotated, Final, Literal, TypeVar

from cryptography.exceptions import InvalidSignature
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from schemas.errors import DirectoryError
from schemas.event import AgencyId
from schemas.sealing import RecipientPublicKey, SigningKey, VerifyKey

DOCUMENT_BYTES_MAX: Final = 4 * 1024 * 1024
_PAYLOAD_TYPE: Final = "application/vnd.fullpicture.directory.v1+json"

Key64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]+=*$", max_length=4096)]
Sector = Literal["police", "health", "education", "social_care"]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SigningEntry(_Row):
    """One of an agency's signing keys, and when it counts."""

    public_b64: Key64
    valid_from: AwareDatetime
    valid_to: AwareDatetime
    revoked_at: AwareDatetime | None = None

    @cached_property
    def key(self) -> VerifyKey:
        """The key itself."""
        return VerifyKey(base64.b64decode(self.public_b64))

    def counts(self, at: datetime) -> bool:
        """Tell whether a message first seen at this moment may carry it."""
        revoked = self.revoked_at is not None and self.revoked_at <= at
        return self.valid_from <= at <= self.valid_to and not revoked


class SealEntry(_Row):
    """A key to seal to."""

    suite: str
    public_b64: Key64

    @cached_property
    def public(self) -> RecipientPublicKey:
        """The key itself."""
        return RecipientPublicKey(self.suite, base64.b64decode(self.public_b64))


class AgencyEntry(_Row):
    """An agency: what it may send, from where, and how to answer it."""

    agency: AgencyId
    name: str
    sector: Sector
    topics: tuple[str, ...]
    sources: tuple[str, ...]
    signing: tuple[SigningEntry, ...]
    inbound: SealEntry | None = None
    heartbeat_every_s: int = Field(default=300, ge=1, le=86_400)


class AgencyDirectory(_Row):
    """Everyone who may send."""

    kind: Literal["agencies"] = "agencies"
    version: int = Field(ge=1)
    issued_at: AwareDatetime
    expires_at: AwareDatetime
    agencies: tuple[AgencyEntry, ...]

    @cached_property
    def _by_kid(self) -> dict[str, tuple[AgencyEntry, SigningEntry]]:
        return {key.key.kid: (entry, key) for entry in self.agencies for key in entry.signing}

    def verify_key(self, sig_kid: str, at: datetime) -> tuple[AgencyEntry, VerifyKey] | None:
        """Find whose key this is; None when unknown, revoked or outside its time."""
        found = self._by_kid.get(sig_kid)
        if found is None or not found[1].counts(at):
            return None
        return found[0], found[1].key

    def agency(self, agency: str) -> AgencyEntry | None:
        """Find an agency by id."""
        return next((entry for entry in self.agencies if entry.agency == agency), None)


class EpochEntry(SealEntry):
    """A broker ingress key: for one topic, for a while."""

    topic: str
    not_before: AwareDatetime
    not_after: AwareDatetime


class IngressDirectory(_Row):
    """The broker's own keys: those to seal to, and those it signs with."""

    kind: Literal["ingress"] = "ingress"
    version: int = Field(ge=1)
    issued_at: AwareDatetime
    expires_at: AwareDatetime
    broker_signing: tuple[SigningEntry, ...]
    epochs: tuple[EpochEntry, ...]

    def ingress_key(self, topic: str, at: datetime) -> RecipientPublicKey | None:
        """Find the newest key to seal to, for a topic, at a moment."""
        current = [e for e in self.epochs if e.topic == topic and e.not_before <= at < e.not_after]
        return max(current, key=lambda entry: entry.not_before).public if current else None

    def broker_key(self, sig_kid: str, at: datetime) -> VerifyKey | None:
        """Find the broker's signing key of this name; None when it does not count."""
        return next(
            (e.key for e in self.broker_signing if e.key.kid == sig_kid and e.counts(at)), None
        )


_D = TypeVar("_D", AgencyDirectory, IngressDirectory)


def sign_document(document: AgencyDirectory | IngressDirectory, root: SigningKey) -> bytes:
    """Write a directory, signed by the root."""
    payload = document.model_dump_json().encode()
    signature = root.key.sign(_pae(payload))
    envelope = {
        "payloadType": _PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": root.kid, "sig": base64.b64encode(signature).decode()}],
    }
    return json.dumps(envelope, indent=1).encode()


def read_document(
    data: bytes, model: type[_D], *, root: VerifyKey, now: datetime, at_least: int = 1
) -> _D:
    """Read a directory and believe it only if the root signed it, it is current and not older.

    Args:
        data: The document as stored or fetched.
        model: Which of the two it must be.
        root: The pinned root key.
        now: The moment to judge expiry by.
        at_least: The highest version seen before.

    Raises:
        DirectoryError: It is not believed; the message says why and what to do.
    """
    payload = _verified_payload(data, root)
    document: _D | None = None
    try:
        document = model.model_validate_json(payload)
    except ValidationError:
        document = None
    if document is None:
        msg = "the key directory is signed but malformed: ask the scheme owner for a new one"
        raise DirectoryError(msg)
    if document.version < at_least:
        msg = "the key directory is older than one already seen: do not use it, fetch it again"
        raise DirectoryError(msg)
    if now >= document.expires_at:
        msg = "the key directory has expired: fetch the current one"
        raise DirectoryError(msg)
    return document


def _verified_payload(data: bytes, root: VerifyKey) -> bytes:
    try:
        if len(data) <= DOCUMENT_BYTES_MAX:
            envelope = json.loads(data)
            payload = base64.b64decode(envelope["payload"], validate=True)
            for signature in envelope["signatures"]:
                if signature["keyid"] == root.kid:
                    root.key.verify(base64.b64decode(signature["sig"]), _pae(payload))
                    return payload
    except (ValueError, KeyError, TypeError, binascii.Error, InvalidSignature):
        pass
    msg = "the key directory is not signed by the pinned root: do not use it"
    raise DirectoryError(msg)


def _pae(payload: bytes) -> bytes:
    kind = _PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


class Enrolment(_Row):
    """What an agency hands to the scheme owner, out of band: its public halves and its name."""

    agency: AgencyId
    name: str
    sector: Sector
    sources: tuple[str, ...]
    signing_b64: Key64
    inbound_suite: str
    inbound_b64: Key64
    heartbeat_every_s: int = Field(default=300, ge=1, le=86_400)
