"""An agency's own keys, in a folder that only its owner may read."""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from adapters.errors import ConfigError
from schemas.directory import (
    AgencyDirectory,
    AgencyEntry,
    Enrolment,
    IngressDirectory,
    read_document,
)
from schemas.errors import DirectoryError
from schemas.sealing import RecipientPrivateKey, SigningKey, VerifyKey

KEY_BYTES = 32
MATCH_BYTES = 16
_SIGNING, _INBOUND, _LOCAL = "signing.seed", "inbound.seed", "local.key"


@dataclass(frozen=True, slots=True)
class AgencyKeys:
    """Signs for the agency, opens what is sealed to it, and hides its record numbers."""

    signing: SigningKey
    inbound: RecipientPrivateKey
    local: bytes = field(repr=False)

    @classmethod
    def generate(cls, folder: Path) -> "AgencyKeys":
        """Make fresh keys.

        Raises:
            ConfigError: There are keys already.
        """
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        for name in (_SIGNING, _INBOUND, _LOCAL):
            try:
                handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                msg = f"{name} is there already: keys are never overwritten"
                raise ConfigError(msg) from None
            with os.fdopen(handle, "wb") as file:
                file.write(os.urandom(KEY_BYTES))
                os.fsync(file.fileno())
        return cls.load(folder)

    @classmethod
    def load(cls, folder: Path) -> "AgencyKeys":
        """Read the keys.

        Raises:
            ConfigError: One is missing, damaged, or others may read it.
        """
        found: list[bytes] = []
        for name in (_SIGNING, _INBOUND, _LOCAL):
            path = folder / name
            try:
                mode, data = path.stat().st_mode, path.read_bytes()
            except OSError:
                msg = f"{name} cannot be read: make keys with `fullpicture adapter enrol`"
                raise ConfigError(msg) from None
            if len(data) != KEY_BYTES or mode & 0o077:
                msg = f"{name} is damaged or others may read it: restore it, chmod 600"
                raise ConfigError(msg)
            found.append(data)
        return cls(SigningKey(found[0]), RecipientPrivateKey(found[1]), found[2])

    def hidden(self, *parts: str) -> bytes:
        """Hash what must stay the same and say nothing: a record number, a Kafka key."""
        text = "\x00".join(parts).encode()
        return hmac.digest(self.local, text, "sha256")[:MATCH_BYTES]

    def enrolment(self, *, agency: str, name: str, sector: str, sources: list[str]) -> Enrolment:
        """Write what the scheme owner needs to enrol this agency: nothing secret."""
        return Enrolment.model_validate(
            {
                "agency": agency,
                "name": name,
                "sector": sector,
                "sources": sources,
                "signing_b64": base64.b64encode(self.signing.verify_key.raw).decode(),
                "inbound_suite": self.inbound.suite,
                "inbound_b64": base64.b64encode(self.inbound.public.raw).decode(),
            }
        )


class Directories:
    """The two signed directories, read again when their files change, never an older one."""

    def __init__(self, folder: Path) -> None:
        """Read the pinned root.

        Raises:
            ConfigError: It is missing.
        """
        self._folder = folder
        try:
            text = (folder / "root.pub").read_text(encoding="ascii")
            self._root = VerifyKey(base64.b64decode(text))
        except (OSError, ValueError):
            msg = "root.pub cannot be read: put the scheme's root key in the directory folder"
            raise ConfigError(msg) from None
        self._agencies: tuple[bytes, AgencyDirectory] | None = None
        self._ingress: tuple[bytes, IngressDirectory] | None = None

    def own(self, agency: str, now: datetime) -> AgencyEntry:
        """Find this agency's own entry.

        Raises:
            ConfigError: It is not enrolled.
            DirectoryError: The directory is not believed.
        """
        data = self._read("agencies.json")
        if self._agencies is None or self._agencies[0] != _digest(data):
            least = self._agencies[1].version if self._agencies else 1
            document = read_document(
                data, AgencyDirectory, root=self._root, now=now, at_least=least
            )
            self._agencies = (_digest(data), document)
        entry = self._agencies[1].agency(agency)
        if entry is None:
            msg = "this agency is not in the directory: ask the scheme owner to enrol it"
            raise ConfigError(msg)
        return entry

    def ingress(self, now: datetime) -> IngressDirectory:
        """Give the broker's current keys.

        Raises:
            DirectoryError: The directory is not believed.
        """
        data = self._read("ingress.json")
        if self._ingress is None or self._ingress[0] != _digest(data):
            least = self._ingress[1].version if self._ingress else 1
            document = read_document(
                data, IngressDirectory, root=self._root, now=now, at_least=least
            )
            self._ingress = (_digest(data), document)
        return self._ingress[1]

    def _read(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            msg = f"{name} cannot be read: fetch it from the scheme owner"
            raise DirectoryError(msg) from None


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
