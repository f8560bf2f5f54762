"""Whatever is swapped or altered does not open, and says nothing about why."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import SEALED_TYPE, Envelope
from schemas.errors import FullpictureError, SealError
from schemas.sealing import (
    BUCKETS,
    PAYLOAD_BYTES_MAX,
    RecipientPrivateKey,
    SigningKey,
    open_sealed,
    pad,
    seal,
    unpad,
    verify,
)

TOPIC = "concerns.police"
RECIPIENT, STRANGER = RecipientPrivateKey.generate(), RecipientPrivateKey.generate()
SIGNER, OTHER_SIGNER = SigningKey.generate(), SigningKey.generate()


def _sealed(body: bytes = b'{"a": 1}') -> Envelope:
    return seal(
        body,
        type=SEALED_TYPE,
        id=UUID(int=7),
        source="urn:agency:northfield-police:records",
        time=datetime(2026, 3, 4, tzinfo=UTC),
        topic=TOPIC,
        sequence=3,
        prev=bytes(32),
        recipient=RECIPIENT.public,
        signer=SIGNER,
        salt=bytes(range(32)),
    )


SEALED = _sealed()


@given(st.binary(max_size=PAYLOAD_BYTES_MAX))
def test_what_is_sealed_opens_to_the_same(body: bytes) -> None:
    envelope = _sealed(body)
    again = Envelope.parse(envelope.headers(), envelope.value)
    verify(again, topic=TOPIC, key=SIGNER.verify_key)
    assert open_sealed(again, topic=TOPIC, key=RECIPIENT) == body


@given(st.binary(max_size=PAYLOAD_BYTES_MAX))
def test_padded_bodies_have_one_of_the_bucket_sizes(body: bytes) -> None:
    padded = pad(bytes(32), body)
    assert len(padded) in BUCKETS
    assert unpad(padded) == (bytes(32), body)


def _refuse(envelope_headers: list[tuple[str, bytes]], value: bytes, topic: str = TOPIC) -> None:
    with pytest.raises(FullpictureError) as first:
        verify(Envelope.parse(envelope_headers, value), topic=topic, key=SIGNER.verify_key)
    assert first.value.__cause__ is None


@given(st.data())
def test_any_byte_of_any_header_altered_is_refused(data: st.DataObject) -> None:
    headers = SEALED.headers()
    place = data.draw(st.integers(0, len(headers) - 1))
    name, value = headers[place]
    index = data.draw(st.integers(0, len(value) - 1))
    altered = bytes(value[:index]) + bytes([value[index] ^ 1]) + bytes(value[index + 1 :])
    headers[place] = (name, altered)
    _refuse(headers, SEALED.value)


@pytest.mark.parametrize("name", [name for name, _ in SEALED.headers()])
def test_a_missing_or_doubled_header_is_refused(name: str) -> None:
    headers = SEALED.headers()
    _refuse([pair for pair in headers if pair[0] != name], SEALED.value)
    _refuse([*headers, next(pair for pair in headers if pair[0] == name)], SEALED.value)


@given(st.integers(0, len(SEALED.value) - 1), st.integers(1, 255))
def test_any_byte_of_the_body_altered_is_refused(index: int, flip: int) -> None:
    value = bytearray(SEALED.value)
    value[index] ^= flip
    _refuse(SEALED.headers(), bytes(value))


def test_another_topic_sender_or_recipient_is_refused_with_one_error() -> None:
    errors: set[tuple[type[Exception], str]] = set()
    for attempt in (
        lambda: verify(SEALED, topic="concerns.health", key=SIGNER.verify_key),
        lambda: verify(SEALED, topic=TOPIC, key=OTHER_SIGNER.verify_key),
        lambda: open_sealed(SEALED, topic="concerns.health", key=RECIPIENT),
        lambda: open_sealed(SEALED, topic=TOPIC, key=STRANGER),
    ):
        with pytest.raises(SealError) as refused:
            attempt()
        errors.add((type(refused.value), str(refused.value)))
    assert len(errors) == 1


@given(
    st.lists(st.tuples(st.text(max_size=12), st.binary(max_size=60)), max_size=20),
    st.binary(max_size=2000),
)
def test_arbitrary_headers_raise_our_own_error_only(
    headers: list[tuple[str, bytes]], value: bytes
) -> None:
    with pytest.raises(FullpictureError):
        Envelope.parse(headers, value)
