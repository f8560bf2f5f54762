"""Raise, grow and withdraw alerts for a batch of children."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from broker.audit.entry import Action, Entry
from broker.db.outbox import Outgoing
from broker.db.pool import Connection
from broker.ids import new_id
from broker.keys.outward import Outward
from broker.keys.record import SALT_BYTES, Dek, open_record, seal_record
from broker.model.finding import Finding
from broker.routing import store
from broker.routing.reconcile import Change, Due, reconcile
from broker.routing.route import Route, Router, Whereabouts
from broker.topics import ALERTS
from schemas.envelope import ALERT_TYPE
from schemas.messages import AlertMessage

UNROUTED = "unrouted"
REMIND_AT = 0.5
"""The first reminder goes when half of the time to answer has passed (timers, preamble)."""
ACTOR = "service:correlate"
ROLE = "routing"


@dataclass(frozen=True, slots=True)
class About:
    """One child, with what the rules found."""

    child_id: UUID
    subject: UUID
    dek: Dek = field(repr=False)
    name: str = field(repr=False)
    where: Whereabouts = field(repr=False)
    findings: Sequence[Finding] = field(repr=False)
    corrected: bool


@dataclass(slots=True)
class Raised:
    """What came of it: messages to send, acts to record, rules that opened an alert."""

    outgoing: list[Outgoing] = field(default_factory=list)
    audit: list[Entry] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    unrouted: int = 0


async def raise_alerts(
    connection: Connection,
    children: Sequence[About],
    *,
    router: Router,
    outward: Outward,
    now: datetime,
) -> Raised:
    """Bring every child's alerts in line with what the rules find now."""
    raised = Raised()
    asked = [about for about in children if about.findings or about.corrected]
    if not asked:
        return raised
    standing = await store.standing(connection, [about.child_id for about in asked])
    for about in asked:
        alerts = standing.get(about.child_id, [])
        for due in reconcile(about.findings, alerts, corrected=about.corrected):
            await _carry_out(
                connection, about, due, raised, router=router, outward=outward, now=now
            )
    return raised


async def _carry_out(
    connection: Connection,
    about: About,
    due: Due,
    raised: Raised,
    *,
    router: Router,
    outward: Outward,
    now: datetime,
) -> None:
    if due.change is Change.WITHDRAW:
        message = await _withdrawn(connection, about, due)
        route = None
    else:
        message, route = _found(about, due, router, now)
    if message is None:
        return
    opening = due.alert is None
    agency = route.agency if route else (due.alert.agency if due.alert else None)
    await store.write(connection, [_write(about, due, message, agency, now)])
    raised.audit.append(_entry(about, due, message, agency))
    if opening:
        raised.opened.append(due.rule)
    if message.recipient == UNROUTED or agency is None:
        raised.unrouted += int(opening)
        return
    await store.tell(
        connection, message.alert_id, message.recipient, kind="new" if opening else "update"
    )
    if outward.reaches(agency):
        raised.outgoing.append(
            outward.message(
                agency,
                message.model_dump_json().encode(),
                type_=ALERT_TYPE,
                topic=ALERTS,
                at=now,
            )
        )


def _found(
    about: About, due: Due, router: Router, now: datetime
) -> tuple[AlertMessage | None, Route | None]:
    finding = due.finding
    if finding is None:
        return None, None
    alert = due.alert
    if alert is not None and alert.holder and alert.agency:
        # It stays with who holds it: handing over is a person's act.
        route: Route | None = Route(alert.holder, alert.agency, alert.due_at)
    else:
        route = router.route(finding, about.where, now=now)
    due_at = route.due_at if route else now + timedelta(hours=4)
    return (
        AlertMessage(
            alert_id=alert.alert_id if alert else new_id(),
            revision=alert.revision + 1 if alert else 1,
            recipient=route.holder if route else UNROUTED,
            rule=finding.rule,
            rule_version=finding.version,
            child_name=about.name or None,
            sentence=finding.sentence,
            evidence=router.lines(finding, agency=route.agency, today=now.date()) if route else (),
            threshold=finding.threshold,
            threshold_source=finding.threshold_source,
            not_known=finding.not_known,
            clears_when=finding.clears_when or None,
            due_at=due_at,
        ),
        route,
    )


async def _withdrawn(connection: Connection, about: About, due: Due) -> AlertMessage | None:
    if due.alert is None:
        return None
    sealed = await connection.fetchval(
        "select sealed from alert where alert_id = $1", due.alert.alert_id
    )
    message = opened(about.dek, due.alert.alert_id, sealed)
    return message.model_copy(update={"withdrawn": True, "revision": due.alert.revision + 1})


def opened(dek: Dek, alert_id: UUID, sealed: bytes) -> AlertMessage:
    """Open a stored alert.

    Raises:
        IntegrityError: It was changed, moved or swapped.
    """
    return AlertMessage.model_validate_json(
        open_record(dek, sealed, record=alert_id.bytes, column=store.ALERT)
    )


def _write(
    about: About, due: Due, message: AlertMessage, agency: str | None, now: datetime
) -> store.Write:
    finding, alert = due.finding, due.alert
    evidence = finding.events if finding else (alert.evidence if alert else frozenset())
    return store.Write(
        alert_id=message.alert_id,
        child_id=about.child_id,
        rule=message.rule,
        rule_version=message.rule_version,
        evidence=tuple(sorted(evidence)),
        lane=finding.lane if finding else "concern",
        revision=message.revision,
        withdrawn=message.withdrawn,
        holder=None if message.recipient == UNROUTED else message.recipient,
        agency=agency,
        opened_at=now,
        due_at=message.due_at,
        next_step_at=now + (message.due_at - now) * REMIND_AT,
        sealed=seal_record(
            about.dek,
            message.model_dump_json().encode(),
            record=message.alert_id.bytes,
            column=store.ALERT,
            salt=os.urandom(SALT_BYTES),
        ),
    )


def _entry(about: About, due: Due, message: AlertMessage, agency: str | None) -> Entry:
    if due.alert is not None:
        action = Action.ALERT_UPDATE
    elif message.recipient == UNROUTED:
        action = Action.ALERT_UNROUTED
    else:
        action = Action.ALERT_ROUTE
    return Entry(
        action=action,
        actor=ACTOR,
        actor_role=ROLE,
        object_digest=message.alert_id.hex,
        outcome=f"{message.rule}/{message.rule_version}:{due.change}",
        agency=agency,
        on_behalf_of=message.recipient,
        subject=about.subject,
    )
