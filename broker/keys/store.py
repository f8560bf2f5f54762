"""The broker's own private keys in files: wrapped by the key service, never in clear."""

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path

from broker.errors import SettingsError
from broker.keys.kms import Kms
from schemas.sealing import RecipientPrivateKey, SigningKey

SIGNING_FILE = "broker-signing.json"
INGRESS_FILE = "ingress.json"
KMS_FILE = "kms.json"
_SIGNING_CONTEXT = b"broker-signing/v1"


def write_private(path: Path, body: object) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(body, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


async def save_signing(folder: Path, kms: Kms, key: SigningKey) -> None:
    """Keep the broker's signing key."""
    (wrapped,) = await kms.wrap([(key.seed, _SIGNING_CONTEXT)])
    write_private(folder / SIGNING_FILE, {"signing": {"wrapped": _text(wrapped)}})


async def load_signing(folder: Path, kms: Kms) -> SigningKey:
    """Open the broker's signing key.

    Raises:
        SettingsError: There is none.
    """
    row = _read(folder / SIGNING_FILE)["signing"]
    (seed,) = await kms.unwrap([(base64.b64decode(row["wrapped"]), _SIGNING_CONTEXT)])
    return SigningKey(seed)


async def save_ingress(folder: Path, kms: Kms, keys: Mapping[str, RecipientPrivateKey]) -> None:
    """Keep ingress keys beside those that are there, by name."""
    path = folder / INGRESS_FILE
    body = _read(path) if path.exists() else {}
    wrapped = await kms.wrap([(key.seed, _ingress_context(kid)) for kid, key in keys.items()])
    for (kid, key), blob in zip(keys.items(), wrapped, strict=True):
        body[kid] = {"suite": key.suite, "wrapped": _text(blob)}
    write_private(path, body)


async def load_ingress(folder: Path, kms: Kms) -> dict[str, RecipientPrivateKey]:
    """Open every ingress key that still exists.

    Raises:
        SettingsError: There is none.
    """
    body = _read(folder / INGRESS_FILE)
    seeds = await kms.unwrap(
        [(base64.b64decode(row["wrapped"]), _ingress_context(kid)) for kid, row in body.items()]
    )
    return {
        kid: RecipientPrivateKey(seed, row["suite"])
        for (kid, row), seed in zip(body.items(), seeds, strict=True)
    }


def _ingress_context(kid: str) -> bytes:
    return b"broker-ingress/v1" + kid.encode()


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        body: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        msg = f"the key file {path.name} cannot be read: make one with `fullpicture keys init`"
        raise SettingsError(msg) from None
    return body


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
