"""The development key service: wrapping keys in a file that only its owner may read.

It says so loudly. Losing the file loses every child's record; copying it opens them.
"""

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broker.errors import IntegrityError, SettingsError

SHARDS = 256
"""Wrapping keys; a child's shard is the first byte of the hash of its context."""
KEY_BYTES = 32
NONCE_BYTES = 12
_VERSION_BYTES = 4
_SECRET_NAMES = ("match",)


def create(path: Path) -> None:
    """Make a fresh key file, readable by its owner alone.

    Raises:
        SettingsError: There is one already; destroying it would destroy every record.
    """
    if path.exists():
        msg = f"a key file stands at {path.name} already: it is not overwritten"
        raise SettingsError(msg)
    body = {
        "kind": "fullpicture development keys",
        "version": 1,
        "shards": [_text(os.urandom(KEY_BYTES)) for _ in range(SHARDS)],
        "secrets": {name: _text(os.urandom(KEY_BYTES)) for name in _SECRET_NAMES},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(body, file)
        file.flush()
        os.fsync(file.fileno())


class FileKms:
    """Wraps under AES-256-GCM, the context as associated data."""

    def __init__(self, path: Path) -> None:
        """Read the key file.

        Raises:
            SettingsError: It is missing, malformed, or others may read it.
        """
        try:
            mode = path.stat().st_mode
            body = json.loads(path.read_text(encoding="utf-8"))
            self._version = int(body["version"])
            self._shards = [AESGCM(base64.b64decode(key)) for key in body["shards"]]
            self._secrets = {k: base64.b64decode(v) for k, v in body["secrets"].items()}
        except (OSError, ValueError, KeyError, TypeError):
            msg = f"the key file {path.name} cannot be read: make one with `fullpicture keys init`"
            raise SettingsError(msg) from None
        if mode & 0o077:
            msg = f"others may read the key file {path.name}: run `chmod 600` on it"
            raise SettingsError(msg)

    async def wrap(self, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Wrap `(key, context)` pairs."""
        return [self._wrap(key, context) for key, context in keys]

    async def unwrap(self, wrapped: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Unwrap `(wrapped, context)` pairs."""
        return [self._unwrap(blob, context) for blob, context in wrapped]

    async def secret(self, name: str) -> bytes:
        """Give a named secret.

        Raises:
            SettingsError: There is none of that name.
        """
        if name not in self._secrets:
            msg = f"the key file holds no secret named {name}: it was made by another version"
            raise SettingsError(msg)
        return self._secrets[name]

    def _shard(self, context: bytes) -> AESGCM:
        return self._shards[hashlib.sha256(context).digest()[0]]

    def _wrap(self, key: bytes, context: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        version = self._version.to_bytes(_VERSION_BYTES, "big")
        return version + nonce + self._shard(context).encrypt(nonce, key, context)

    def _unwrap(self, blob: bytes, context: bytes) -> bytes:
        nonce = blob[_VERSION_BYTES : _VERSION_BYTES + NONCE_BYTES]
        try:
            return self._shard(context).decrypt(
                nonce, blob[_VERSION_BYTES + NONCE_BYTES :], context
            )
        except (InvalidTag, ValueError):
            pass
        msg = "a wrapped key does not belong to its context"
        raise IntegrityError(msg)


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()
