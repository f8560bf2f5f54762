"""Seal a payload to one recipient and sign it as one sender; verify and open it again.

    body   = pad(salt 32 | length 4 | event json)          buckets of 0.5 to 16 KiB
    commit = SHA-256("concern-commit/v1" | salt | json)    hiding: the salt is in the ciphertext
    info   = "concern-seal/v1" | LP(every clear field, the topic and the commitment)
    value  = HPKE.encrypt(body, recipient key, info)       base mode, RFC 9180
    sig    = Ed25519(PAE(type, SHA-256(headers and topic) | SHA-256(value)))

Everything clear is bound in `info` and under the signature, so that a message moved to
another topic, given another sender or stripped and signed again does not open (security
design 2.2). Every failure is the one `SealError`.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from schemas.envelope import HASH_BYTES, SIGNATURE_BYTES, Envelope
from schemas.errors import ContractError, SealError

SALT_BYTES: Final = 32
SEED_BYTES: Final = 32
KID_BYTES: Final = 8
BUCKETS: Final = (512, 1024, 2048, 4096, 8192, 16384)
"""Sealed bodies have one of these six sizes; powers of two tell the least (measured)."""
_LENGTH_BYTES: Final = 4
PAYLOAD_BYTES_MAX: Final = BUCKETS[-1] - SALT_BYTES - _LENGTH_BYTES

XWING: Final = "xwing-sha256-aes256gcm"
"""ML-KEM-768 with X25519 (X-Wing, KEM 0x647a): safe against recording now, decrypting later."""
X25519: Final = "x25519-sha256-aes256gcm"
SUITES: Final = {
    XWING: Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
    X25519: Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
}
ALLOWED: Final = frozenset({XWING})
"""The X25519 profile must be asked for by name: a downgrade is refused."""

_MLKEM_PUBLIC_BYTES: Final = 1184
_SIGNATURE_TYPE: Final = b"application/vnd.concern.sig.v1"


def kid_of(public: bytes) -> str:
    """Name a public key: the first 8 bytes of its SHA-256, in hexadecimal."""
    return hashlib.sha256(public).digest()[:KID_BYTES].hex()


@dataclass(frozen=True)
class RecipientPublicKey:
    """A key to seal to."""

    suite: str
    raw: bytes = field(repr=False)

    @cached_property
    def kid(self) -> str:
        """The key's name."""
        return kid_of(self.raw)

    @cached_property
    def key(self) -> Any:  # noqa: ANN401 - the library gives each KEM a class of its own
        """The library's object.

        Raises:
            ContractError: The bytes are not a key of this suite.
        """
        try:
            if self.suite == X25519:
                return X25519PublicKey.from_public_bytes(self.raw)
            return MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(self.raw[:_MLKEM_PUBLIC_BYTES]),
                X25519PublicKey.from_public_bytes(self.raw[_MLKEM_PUBLIC_BYTES:]),
            )
        except ValueError:
            msg = "the bytes are not a public key of this suite"
            raise ContractError(msg) from None


@dataclass(frozen=True)
class RecipientPrivateKey:
    """A key that opens, kept as its 32-byte seed (X-Wing: expanded by SHAKE-256)."""

    seed: bytes = field(repr=False)
    suite: str = XWING

    @classmethod
    def generate(cls, suite: str = XWING) -> "RecipientPrivateKey":
        """Make a fresh key."""
        return cls(os.urandom(SEED_BYTES), suite)

    @cached_property
    def public(self) -> RecipientPublicKey:
        """The public half."""
        if self.suite == X25519:
            raw = X25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        else:
            mlkem, x25519 = self._halves()
            raw = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        return RecipientPublicKey(self.suite, raw)

    @cached_property
    def kid(self) -> str:
        """The name of its public half."""
        return self.public.kid

    @cached_property
    def key(self) -> Any:  # noqa: ANN401 - the library gives each KEM a class of its own
        """The library's object."""
        if self.suite == X25519:
            return X25519PrivateKey.from_private_bytes(self.seed)
        return MLKEM768X25519PrivateKey(*self._halves())

    def _halves(self) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
        expanded = hashlib.shake_256(self.seed).digest(96)
        return (
            MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
            X25519PrivateKey.from_private_bytes(expanded[64:]),
        )


@dataclass(frozen=True)
class VerifyKey:
    """A sender's public signing key."""

    raw: bytes = field(repr=False)

    @cached_property
    def kid(self) -> str:
        """The key's name."""
        return kid_of(self.raw)

    @cached_property
    def key(self) -> Ed25519PublicKey:
        """The library's object."""
        return Ed25519PublicKey.from_public_bytes(self.raw)


@dataclass(frozen=True)
class SigningKey:
    """A sender's signing key, kept as its 32-byte seed."""

    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> "SigningKey":
        """Make a fresh key."""
        return cls(os.urandom(SEED_BYTES))

    @cached_property
    def key(self) -> Ed25519PrivateKey:
        """The library's object."""
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @cached_property
    def verify_key(self) -> VerifyKey:
        """The public half."""
        return VerifyKey(self.key.public_key().public_bytes_raw())

    @cached_property
    def kid(self) -> str:
        """The name of its public half."""
        return self.verify_key.kid


def seal(
    plaintext: bytes,
    *,
    type: str,  # noqa: A002 - CloudEvents' own word
    id: UUID,  # noqa: A002 - CloudEvents' own word
    source: str,
    time: datetime,
    topic: str,
    sequence: int,
    prev: bytes,
    recipient: RecipientPublicKey,
    signer: SigningKey,
    salt: bytes,
) -> Envelope:
    """Seal a payload to a recipient and sign it.

    Args:
        plaintext: At most `PAYLOAD_BYTES_MAX` bytes.
        type: The envelope's generic type.
        id: The event's id, UUIDv7.
        source: The sender's system.
        time: Send time; kept in whole seconds.
        topic: The topic it will stand on, bound in.
        sequence: The source's count, from 1.
        prev: Digest of the source's message before, 32 bytes; zeros for the first.
        recipient: The key to seal to.
        signer: The key to sign with.
        salt: 32 fresh random bytes.

    Raises:
        ContractError: The payload is too large.
    """
    commit = _commitment(salt, plaintext)
    draft = Envelope(
        id=id,
        type=type,
        source=source,
        time=time.replace(microsecond=0),
        recipient_kid=recipient.kid,
        suite=recipient.suite,
        sig_kid=signer.kid,
        sequence=sequence,
        prev=prev,
        commit=commit,
        signature=bytes(SIGNATURE_BYTES),
        value=b"",
    )
    bound = _bound(draft, topic)
    value = SUITES[recipient.suite].encrypt(pad(salt, plaintext), recipient.key, info=bound)
    return Envelope(
        id=draft.id,
        type=draft.type,
        source=draft.source,
        time=draft.time,
        recipient_kid=draft.recipient_kid,
        suite=draft.suite,
        sig_kid=draft.sig_kid,
        sequence=draft.sequence,
        prev=draft.prev,
        commit=commit,
        signature=signer.key.sign(_signed(bound, value)),
        value=value,
    )


def verify(envelope: Envelope, *, topic: str, key: VerifyKey) -> None:
    """Check that the sender signed this message for this topic.

    Raises:
        SealError: It did not.
    """
    try:
        key.key.verify(envelope.signature, _signed(_bound(envelope, topic), envelope.value))
    except InvalidSignature:
        pass
    else:
        if hmac.compare_digest(key.kid, envelope.sig_kid):
            return
    raise SealError


def open_sealed(
    envelope: Envelope,
    *,
    topic: str,
    key: RecipientPrivateKey,
    allowed: frozenset[str] = ALLOWED,
) -> bytes:
    """Open a message sealed to this key for this topic.

    Raises:
        SealError: It does not open, is not padded as it must be, or its commitment differs.
    """
    body = b""
    suited = envelope.suite in allowed and envelope.suite == key.suite
    if suited and envelope.recipient_kid == key.kid:
        try:
            body = SUITES[key.suite].decrypt(envelope.value, key.key, info=_bound(envelope, topic))
        except InvalidTag:
            body = b""
    opened = unpad(body)
    if opened is not None:
        salt, plaintext = opened
        if hmac.compare_digest(_commitment(salt, plaintext), envelope.commit):
            return plaintext
    raise SealError


def pad(salt: bytes, plaintext: bytes) -> bytes:
    """Frame and pad to the next bucket.

    Raises:
        ContractError: No bucket is large enough.
    """
    framed = salt + len(plaintext).to_bytes(_LENGTH_BYTES, "big") + plaintext
    for bucket in BUCKETS:
        if len(framed) <= bucket:
            return framed.ljust(bucket, b"\x00")
    msg = f"the payload is over {PAYLOAD_BYTES_MAX} bytes: shorten its accounts"
    raise ContractError(msg)


def unpad(body: bytes) -> tuple[bytes, bytes] | None:
    """Take salt and payload out of a padded body; None when it is not padded exactly so."""
    if len(body) not in BUCKETS:
        return None
    start = SALT_BYTES + _LENGTH_BYTES
    end = start + int.from_bytes(body[SALT_BYTES:start], "big")
    framed_size = next((bucket for bucket in BUCKETS if end <= bucket), None)
    if framed_size != len(body) or body.count(0, end) != len(body) - end:
        return None
    return body[:SALT_BYTES], body[start:end]


def _commitment(salt: bytes, plaintext: bytes) -> bytes:
    return hashlib.sha256(b"concern-commit/v1" + salt + plaintext).digest()


def _bound(envelope: Envelope, topic: str) -> bytes:
    parts = [b"concern-seal/v1", topic.encode()]
    parts += [value for _, value in envelope.unsigned_headers()]
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


def _signed(bound: bytes, value: bytes) -> bytes:
    """DSSE pre-authentication encoding over the hashes of what is bound and of the value."""
    digests = hashlib.sha256(bound).digest() + hashlib.sha256(value).digest()
    return b"DSSEv1 %d %s %d %s" % (
        len(_SIGNATURE_TYPE),
        _SIGNATURE_TYPE,
        2 * HASH_BYTES,
        digests,
    )
