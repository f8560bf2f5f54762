"""Make keys and sign directories: the few acts a scheme owner does by hand.

The root key signs the two directories and nothing else; keep `root.seed` offline.
"""

import base64
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from broker.errors import SettingsError
from broker.keys import file_kms, store
from broker.keys.kms import Kms
from broker.topics import SECTORS, concerns_topic
from schemas.directory import (
    AgencyDirectory,
    AgencyEntry,
    Enrolment,
    EpochEntry,
    IngressDirectory,
    SealEntry,
    SigningEntry,
    read_document,
    sign_document,
)
from schemas.sealing import RecipientPrivateKey, SigningKey, VerifyKey

ROOT_SEED = "root.seed"
ROOT_PUBLIC = "root.pub"
AGENCIES = "agencies.json"
INGRESS = "ingress.json"
EPOCH = timedelta(hours=24)
EPOCHS_AHEAD = 7
DIRECTORY_LIFE = timedelta(days=30)
SIGNING_LIFE = timedelta(days=365)


async def initialise(keys: Path, directory: Path, *, now: datetime) -> None:
    """Make the root, the key service's file, the broker's keys and empty directories.

    Raises:
        SettingsError: There are keys already.
    """
    directory.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - a ceremony serves nobody
    file_kms.create(keys / store.KMS_FILE)
    kms = file_kms.FileKms(keys / store.KMS_FILE)
    root = SigningKey.generate()
    store.write_private(keys / ROOT_SEED, {"seed": base64.b64encode(root.seed).decode()})
    (directory / ROOT_PUBLIC).write_text(
        base64.b64encode(root.verify_key.raw).decode() + "\n", encoding="ascii"
    )
    signing = SigningKey.generate()
    await store.save_signing(keys, kms, signing)
    _publish_agencies(keys, directory, (), version=1, now=now)
    await publish_ingress(keys, directory, kms, now=now)


def enrol(keys: Path, directory: Path, enrolments: Sequence[Enrolment], *, now: datetime) -> None:
    """Add agencies to the signed directory.

    Raises:
        SettingsError: The root key is not here.
        DirectoryError: The directory that is there is not the root's.
    """
    current = read_agencies(directory, now=now)
    rows = {entry.agency: entry for entry in current.agencies}
    for enrolment in enrolments:
        rows[enrolment.agency] = _entry(enrolment, now)
    _publish_agencies(keys, directory, tuple(rows.values()), version=current.version + 1, now=now)


async def publish_ingress(keys: Path, directory: Path, kms: Kms, *, now: datetime) -> None:
    """Make ingress keys for the days ahead, one for each topic and day, and publish them."""
    signing = await store.load_signing(keys, kms)
    path = directory / INGRESS
    version = 1
    epochs: tuple[EpochEntry, ...] = ()
    if path.exists():
        document = read_ingress(directory, now=now)
        version = document.version + 1
        epochs = tuple(epoch for epoch in document.epochs if epoch.not_after > now)
    fresh: dict[str, RecipientPrivateKey] = {}
    rows = list(epochs)
    for sector in SECTORS:
        topic = concerns_topic(sector)
        start = max((e.not_after for e in epochs if e.topic == topic), default=now)
        while start < now + EPOCH * EPOCHS_AHEAD:
            key = RecipientPrivateKey.generate()
            fresh[key.kid] = key
            rows.append(
                EpochEntry(
                    suite=key.suite,
                    public_b64=base64.b64encode(key.public.raw).decode(),
                    topic=topic,
                    not_before=start,
                    not_after=start + EPOCH,
                )
            )
            start += EPOCH
    await store.save_ingress(keys, kms, fresh)
    document = IngressDirectory(
        version=version,
        issued_at=now,
        expires_at=now + DIRECTORY_LIFE,
        broker_signing=(_signing(signing.verify_key.raw, now),),
        epochs=tuple(rows),
    )
    path.write_bytes(sign_document(document, _root(keys)))


def read_root(directory: Path) -> VerifyKey:
    """Read the pinned root key.

    Raises:
        SettingsError: It is missing.
    """
    try:
        return VerifyKey(base64.b64decode((directory / ROOT_PUBLIC).read_text(encoding="ascii")))
    except (OSError, ValueError):
        msg = f"{ROOT_PUBLIC} cannot be read: put the scheme's root key beside the directories"
        raise SettingsError(msg) from None


def read_agencies(directory: Path, *, now: datetime) -> AgencyDirectory:
    """Read and verify the directory of agencies.

    Raises:
        SettingsError: It is missing.
        DirectoryError: It is not believed.
    """
    data = _document(directory / AGENCIES)
    return read_document(data, AgencyDirectory, root=read_root(directory), now=now)


def read_ingress(directory: Path, *, now: datetime) -> IngressDirectory:
    """Read and verify the directory of ingress keys.

    Raises:
        SettingsError: It is missing.
        DirectoryError: It is not believed.
    """
    data = _document(directory / INGRESS)
    return read_document(data, IngressDirectory, root=read_root(directory), now=now)


def _document(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        msg = f"the directory {path.name} cannot be read: make one with `fullpicture keys init`"
        raise SettingsError(msg) from None


def _publish_agencies(
    keys: Path, directory: Path, rows: tuple[AgencyEntry, ...], *, version: int, now: datetime
) -> None:
    document = AgencyDirectory(
        version=version, issued_at=now, expires_at=now + DIRECTORY_LIFE, agencies=rows
    )
    (directory / AGENCIES).write_bytes(sign_document(document, _root(keys)))


def _entry(enrolment: Enrolment, now: datetime) -> AgencyEntry:
    return AgencyEntry(
        agency=enrolment.agency,
        name=enrolment.name,
        sector=enrolment.sector,
        topics=(concerns_topic(enrolment.sector),),
        sources=enrolment.sources,
        signing=(_signing(base64.b64decode(enrolment.signing_b64), now),),
        inbound=SealEntry(suite=enrolment.inbound_suite, public_b64=enrolment.inbound_b64),
        heartbeat_every_s=enrolment.heartbeat_every_s,
    )


def _signing(raw: bytes, now: datetime) -> SigningEntry:
    return SigningEntry(
        public_b64=base64.b64encode(raw).decode(),
        # A minute back: clocks differ, and an event sent at once must not be too early.
        valid_from=now - timedelta(minutes=1),
        valid_to=now + SIGNING_LIFE,
    )


def _root(keys: Path) -> SigningKey:
    try:
        body = json.loads((keys / ROOT_SEED).read_text(encoding="utf-8"))
        return SigningKey(base64.b64decode(body["seed"]))
    except (OSError, ValueError, KeyError):
        msg = f"{ROOT_SEED} is not here: bring the root key from where it is kept offline"
        raise SettingsError(msg) from None
