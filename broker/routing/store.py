"""Alerts as they stand: opened once for each rule and child, grown by new evidence."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from broker.db.pool import Connection
from broker.ids import new_id

ALERT = "alert.sealed"


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert as the database holds it."""

    alert_id: UUID
    child_id: UUID
    rule: str
    evidence: frozenset[UUID]
    state: str
    revision: int
    withdrawn: bool
    holder: str | None
    agency: str | None
    step: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Write:
    """An alert to open or to bring up to date."""

    alert_id: UUID
    child_id: UUID
    rule: str
    rule_version: str
    evidence: tuple[UUID, ...]
    lane: str
    revision: int
    withdrawn: bool
    holder: str | None
    agency: str | None
    opened_at: datetime
    due_at: datetime
    next_step_at: datetime
    sealed: bytes = field(repr=False)


async def standing(connection: Connection, children: Sequence[UUID]) -> dict[UUID, list[Standing]]:
    """Read the alerts of children, oldest first."""
    rows = await connection.fetch(
        "select alert_id, child_id, rule, evidence, state, revision, withdrawn, holder, agency,"
        " step, due_at from alert where child_id = any($1::uuid[]) order by opened_at, alert_id",
        list(children),
    )
    found: dict[UUID, list[Standing]] = {}
    for row in rows:
        fields = dict(row)
        fields["evidence"] = frozenset(fields["evidence"])
        found.setdefault(row["child_id"], []).append(Standing(**fields))
    return found


async def write(connection: Connection, alerts: Sequence[Write]) -> None:
    """Open alerts, or bring them up to date; never closes one."""
    for alert in alerts:
        await connection.execute(
            "insert into alert as a (alert_id, child_id, rule, rule_version, evidence, lane,"
            " state, revision, withdrawn, agency, holder, opened_at, due_at, next_step_at, sealed)"
            " values ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, $10, $11, $12, $13, $14)"
            " on conflict (alert_id) do update set rule_version = excluded.rule_version,"
            " evidence = excluded.evidence, revision = excluded.revision,"
            " withdrawn = excluded.withdrawn, sealed = excluded.sealed",
            alert.alert_id,
            alert.child_id,
            alert.rule,
            alert.rule_version,
            list(alert.evidence),
            alert.lane,
            alert.revision,
            alert.withdrawn,
            alert.agency,
            alert.holder,
            alert.opened_at,
            alert.due_at,
            alert.next_step_at,
            alert.sealed,
        )


async def tell(connection: Connection, alert_id: UUID, recipient: str, *, kind: str) -> None:
    """Let a recipient see an alert, and ring their doorbell."""
    await connection.execute(
        "insert into alert_recipient (alert_id, recipient) values ($1, $2) on conflict do nothing",
        alert_id,
        recipient,
    )
    await connection.execute(
        "insert into notification (notification_id, alert_id, recipient, kind)"
        " values ($1, $2, $3, $4)",
        new_id(),
        alert_id,
        recipient,
        kind,
    )
