"""What a signed-in person may read, and the entry each reading leaves.

When the answer is no, it is the same answer as for what does not exist.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from broker.app import App
from broker.audit import store as audit_store
from broker.audit.entry import Action, Entry
from broker.console import store
from broker.console.store import AlertRow
from broker.db.pool import Connection, transaction
from broker.errors import NotPermittedError
from broker.identity import store as identity_store
from broker.identity.store import Child
from broker.keys.record import SALT_BYTES, seal_record
from broker.picture import picture as pictures
from broker.picture import store as picture_store
from broker.picture.picture import Picture
from broker.picture.read import step_of
from broker.routing import alerts as routing_alerts
from broker.routing.agreement import Sharing
from broker.routing.practitioners import Practitioner
from schemas.catalogue import parse_event
from schemas.event import ConcernEvent
from schemas.messages import AlertMessage, Disclosure

PURPOSE = "safeguarding"
OTHER = "other"
"""The kind an agreement names for events that no rule reads."""
OUTCOMES = {
    "acting": "I am acting on this now",
    "assessment": "Assessment or section 47 will start",
    "already_known": "Already known and being worked on",
    "help_offered": "Family help has been offered",
    "no_action": "No action, for the reason below",
}
NOTE_LENGTH_MAX = 2000


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert opened for one person."""

    row: AlertRow
    message: AlertMessage = field(repr=False)
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chronology as far as the reader may know it."""

    event_id: UUID
    occurred: str
    agency: str
    disclosure: Disclosure
    correction: str | None
    late: bool
    event: ConcernEvent | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class PictureView:
    """A child's picture opened for one person."""

    child_id: UUID
    picture: Picture = field(repr=False)
    lines: Sequence[Line] = field(repr=False)
    hidden: int


LATE_DAYS = 7
"""Said more than five working days after it happened (learning theme 11)."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads for one signed-in person."""

    app: App
    sharing: Sharing
    person: Practitioner

    async def inbox(self) -> list[AlertView]:
        """The alerts this person answers for, the most urgent first."""
        now = self.app.clock()
        async with transaction(self.app.pool) as tx:
            rows = await store.inbox(tx, self._recipients())
            views = await self._open(tx, rows)
            entries = [
                self._entry(Action.ALERT_VIEW, view.row.subject, view.row.alert_id, "listed")
                for view in views
            ]
            await audit_store.append(tx, entries, at=now)
        return views

    async def alert(self, alert_id: UUID) -> AlertView:
        """One alert.

        Raises:
            NotPermittedError: It is not this person's to read, or there is none.
        """
        now = self.app.clock()
        async with transaction(self.app.pool) as tx:
            row = await store.alert(tx, alert_id, self._recipients())
            views = await self._open(tx, [row] if row else [])
            outcome = "shown" if views else "denied"
            action = Action.ALERT_VIEW if views else Action.VIEW_DENIED
            subject = views[0].row.subject if views else None
            entry = self._entry(action, subject, alert_id, outcome)
            await audit_store.append(tx, [entry], at=now)
        if not views:
            raise NotPermittedError
        return views[0]

    async def answer(self, alert_id: UUID, *, outcome: str, note: str, close: bool) -> None:
        """Acknowledge an alert, or close it, with an outcome.

        Raises:
            NotPermittedError: It is not this person's to answer.
        """
        view = await self.alert(alert_id)
        now = self.app.clock()
        async with transaction(self.app.pool) as tx:
            children = await self._children(tx, [view.row.child_id])
            child = children.get(view.row.child_id)
            if child is None:
                raise NotPermittedError
            sealed = seal_record(
                child.dek,
                note[:NOTE_LENGTH_MAX].encode(),
                record=alert_id.bytes,
                column=store.NOTE,
                salt=os.urandom(SALT_BYTES),
            )
            state = "closed" if close else "acknowledged"
            await store.answer(
                tx, alert_id, state=state, by=self.person.id, outcome=outcome, note=sealed, at=now
            )
            entry = self._entry(
                Action.ALERT_ACKNOWLEDGE, view.row.subject, alert_id, f"{state}:{outcome}"
            )
            await audit_store.append(tx, [entry], at=now)

    async def picture(self, child_id: UUID) -> PictureView:
        """A child's picture and chronology, each line as far as the agreement allows.

        Raises:
            NotPermittedError: This person has no alert about the child and does not lead.
        """
        now = self.app.clock()
        async with transaction(self.app.pool) as tx:
            child, picture = await self._permitted(tx, child_id)
            entry = self._entry(
                Action.PICTURE_VIEW if child else Action.VIEW_DENIED,
                child.subject if child else None,
                child_id,
                "shown" if child else "denied",
            )
            await audit_store.append(tx, [entry], at=now)
            entries = await picture_store.page(tx, child.dek) if child else []
        if child is None or picture is None:
            raise NotPermittedError
        lines = [self._line(item, now) for item in entries]
        shown = [line for line in lines if line is not None]
        return PictureView(child_id, picture, shown, len(lines) - len(shown))

    async def looked(self, child_id: UUID) -> list[dict[str, object]]:
        """Who looked at this child, when and as what.

        Raises:
            NotPermittedError: This person may not read the child's picture.
        """
        now = self.app.clock()
        async with transaction(self.app.pool) as tx:
            child, _ = await self._permitted(tx, child_id)
            if child is None:
                entry = self._entry(Action.VIEW_DENIED, None, child_id, "denied")
                await audit_store.append(tx, [entry], at=now)
            bodies = await audit_store.who_looked(tx, child.subject) if child else []
        if child is None:
            raise NotPermittedError
        return [json.loads(body) for body in bodies]

    async def waiting(self) -> list[store.Review]:
        """Events that wait for this person's front door to say whose they are."""
        codes = [desk.la_code for desk in self.app.people.desk if self.person.id in desk.members]
        async with transaction(self.app.pool) as tx:
            return await store.reviews(tx, codes)

    def _recipients(self) -> list[str]:
        return list(self.app.people.holds_for(self.person.id))

    async def _children(self, tx: Connection, ids: Sequence[UUID]) -> dict[UUID, Child]:
        return await identity_store.load(tx, set(ids), keyring=self.app.keyring, for_change=False)

    async def _permitted(
        self, tx: Connection, child_id: UUID
    ) -> tuple[Child | None, Picture | None]:
        child = (await self._children(tx, [child_id])).get(child_id)
        if child is None:
            return None, None
        picture = pictures.from_bytes(child.picture)
        leads = picture.lead is not None and picture.lead.worker == self.person.id
        if not leads and not await store.told_of(tx, child_id, self._recipients()):
            return None, None
        return child, picture

    async def _open(self, tx: Connection, rows: Sequence[AlertRow]) -> list[AlertView]:
        children = await self._children(tx, [row.child_id for row in rows])
        views: list[AlertView] = []
        for row in rows:
            child = children.get(row.child_id)
            if child is not None:
                message = routing_alerts.opened(child.dek, row.alert_id, row.sealed)
                note = store.open_note(child.dek, row.alert_id, row.note)
                views.append(AlertView(row, message, note))
        return views

    def _line(self, entry: picture_store.Entry, now: datetime) -> Line | None:
        event = parse_event(entry.body)
        if not isinstance(event, ConcernEvent):
            return None
        mode = self._may(event, now)
        if mode is None:
            return None
        return Line(
            event_id=entry.event_id,
            occurred=event.occurred.written,
            agency=event.agency,
            disclosure=mode,
            correction=entry.correction,
            late=(entry.received_at.date() - entry.occurred_on).days > LATE_DAYS,
            event=event if mode is Disclosure.CONTENT else None,
        )

    def _may(self, event: ConcernEvent, now: datetime) -> Disclosure | None:
        sectors = {entry.agency: entry.sector for entry in self.app.directory.agencies}
        recipient = sectors.get(self.person.agency, "")
        source = sectors.get(event.agency, "")
        if not recipient or not source:
            return None
        kinds = {str(fact.kind) for fact in step_of(event).facts} or {OTHER}
        return self.sharing.may_kinds(kinds, source=source, recipient=recipient, today=now.date())

    def _entry(self, action: Action, subject: UUID | None, what: UUID, outcome: str) -> Entry:
        return Entry(
            action=action,
            actor=self.person.id,
            actor_role=self.person.role,
            object_digest=what.hex,
            outcome=outcome,
            agency=self.person.agency,
            purpose=PURPOSE,
            basis="recipient" if outcome != "denied" else None,
            subject=subject,
        )
