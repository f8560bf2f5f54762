"""The shape of an audit entry; pure.

Fields as in the security design 3.2. Nothing in the body names a person in the record:
`subject` is a random pseudonym of the child, and what else must be kept is a detail,
sealed beside the body, of which the body holds a salted commitment.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

VERSION = 1
BODY_BYTES_MAX = 65_535
"""A tlog-tiles entry carries its length in 16 bits."""
LOG = "fullpicture"


class Action(StrEnum):
    """What can be done; a closed list, so that a log can be read and counted."""

    EVENT_RECEIVE = "event.receive"
    EVENT_REJECT = "event.reject"
    EVENT_REPLAY = "event.replay"
    GAP_DETECTED = "gap.detected"
    MATCH_LINK = "match.link"
    MATCH_NEW = "match.new"
    MATCH_HOLD = "match.hold"
    RECORD_DECRYPT = "record.decrypt"
    PICTURE_VIEW = "picture.view"
    ALERT_VIEW = "alert.view"
    ALERT_ROUTE = "alert.route"
    ALERT_UPDATE = "alert.update"
    ALERT_UNROUTED = "alert.unrouted"
    ALERT_DELIVER = "alert.deliver"
    ALERT_NOTIFY = "alert.notify"
    ALERT_ACKNOWLEDGE = "alert.acknowledge"
    ALERT_ESCALATE = "alert.escalate"
    RECEIPT_DELIVER = "receipt.deliver"
    VIEW_DENIED = "view.denied"
    SIGN_IN = "login.success"
    SIGN_IN_DENIED = "login.denied"
    SIGN_OUT = "login.end"
    KEYS_CHANGE = "key.change"


@dataclass(frozen=True, slots=True)
class Entry:
    """One act.

    `actor` is a practitioner's or service's directory id; `object_digest` names what was
    acted on (an event id, an alert id, a digest) without saying what it holds.
    """

    action: Action
    actor: str
    actor_role: str
    object_digest: str
    outcome: str
    agency: str | None = None
    on_behalf_of: str | None = None
    purpose: str | None = None
    basis: str | None = None
    subject: UUID | None = None
    trace: str | None = None
    detail: bytes | None = field(default=None, repr=False)
    """Bytes of the sealed detail, whose plaintext `detail_commit` commits to."""
    detail_commit: str | None = None


def commitment(salt: bytes, detail: bytes) -> str:
    """Commit to a detail so that it can be shown later, and says nothing until then."""
    return hashlib.sha256(b"audit-detail/v1" + salt + detail).hexdigest()


def body_of(entry: Entry, *, at: datetime) -> bytes:
    """Write the public bytes of an entry: what the log hashes, exactly as stored."""
    return json.dumps(
        {
            "v": VERSION,
            "log": LOG,
            "at": at.isoformat(timespec="milliseconds"),
            "action": entry.action,
            "actor_ref": entry.actor,
            "actor_role": entry.actor_role,
            "agency": entry.agency,
            "on_behalf_of": entry.on_behalf_of,
            "purpose": entry.purpose,
            "basis": entry.basis,
            "subject_ref": entry.subject.hex if entry.subject else None,
            "object_digest": entry.object_digest,
            "outcome": entry.outcome,
            "trace": entry.trace,
            "detail_commit": entry.detail_commit,
        },
        separators=(",", ":"),
    ).encode()
