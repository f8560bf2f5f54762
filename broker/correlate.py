"""One batch's journey, in order, in one transaction.

    intake -> identity -> picture -> rules -> routing, and the audit of each

The partition's offset moves first and commits with everything else, so a batch is handled
once or not at all. What can never be handled is quarantined in the same transaction; a
batch that fails for a reason of its own is bisected until the one event is found; what
fails because a server is away is raised, so that the caller waits and tries the same again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from broker.audit import store as audit_store
from broker.audit.entry import Action, Entry
from broker.clock import Clock
from broker.db import offsets, outbox
from broker.db.offsets import Span
from broker.db.outbox import Outgoing
from broker.db.pool import Connection, Pool, transaction
from broker.errors import StaleAssignmentError, UnavailableError
from broker.identity import store as identity_store
from broker.identity.assign import Assignment, Placement, Question, assign
from broker.identity.decide import Answer
from broker.identity.keys import match_keys
from broker.identity.known import KnownAs
from broker.identity.store import Child, NewChild, Review
from broker.ids import new_id
from broker.intake import store as intake_store
from broker.intake.receipts import Receipt, receipts
from broker.intake.receive import Door, Received, Refusal, Refused
from broker.keys.keyring import Keyring
from broker.keys.outward import Outward
from broker.model.case import Case
from broker.model.raw import RawRecord
from broker.picture import picture as pictures
from broker.picture import store as picture_store
from broker.picture.picture import Picture, fold
from broker.picture.read import step_of
from broker.picture.store import NewEntry
from broker.routing import alerts as routing_alerts
from broker.routing.route import Router, Whereabouts
from broker.rules.book import RuleBook
from schemas.catalogue import parse_event
from schemas.event import ConcernEvent

Arrival = Received | Refused
Epochs = Mapping[tuple[str, int], int]

ACTOR = "service:correlate"
ROLE = "correlate"


@dataclass(frozen=True, slots=True)
class Journey:
    """Everything the journey uses, put together by the composition root."""

    pool: Pool
    door: Door
    keyring: Keyring
    match_secret: bytes = field(repr=False)
    book: RuleBook
    router: Router
    outward: Outward
    clock: Clock


@dataclass(slots=True)
class Outcome:
    """What became of a batch, in counts that may be measured and logged."""

    placed: int = 0
    held: int = 0
    duplicates: int = 0
    heartbeats: int = 0
    quarantined: dict[Refusal, int] = field(default_factory=dict)
    alerts: dict[str, int] = field(default_factory=dict)
    by_agency: dict[str, int] = field(default_factory=dict)
    unrouted: int = 0
    crowded_keys: int = 0

    def add(self, other: "Outcome") -> None:
        """Add a part of the same batch."""
        self.placed += other.placed
        self.held += other.held
        self.duplicates += other.duplicates
        self.heartbeats += other.heartbeats
        self.unrouted += other.unrouted
        self.crowded_keys += other.crowded_keys
        for reason, count in other.quarantined.items():
            self.quarantined[reason] = self.quarantined.get(reason, 0) + count
        for rule, count in other.alerts.items():
            self.alerts[rule] = self.alerts.get(rule, 0) + count
        for agency, count in other.by_agency.items():
            self.by_agency[agency] = self.by_agency.get(agency, 0) + count


async def handle(journey: Journey, records: Sequence[RawRecord], epochs: Epochs) -> Outcome:
    """Handle a batch: every record ends in exactly one place, or nothing changes.

    Raises:
        UnavailableError: A server is away: wait and hand in the same batch again.
        StaleAssignmentError: Another worker owns one of the partitions.
    """
    now = journey.clock()
    arrivals = [journey.door.receive(raw, now=now) for raw in records]
    return await _commit_or_bisect(journey, arrivals, epochs, now)


async def again(journey: Journey, raw: RawRecord, quarantine_id: UUID) -> bool:
    """Try a quarantined record again, under its own id; tell whether it was handled.

    Raises:
        UnavailableError: A server is away.
    """
    now = journey.clock()
    arrival = journey.door.receive(raw, now=now)
    if isinstance(arrival, Refused):
        return False
    async with transaction(journey.pool) as tx:
        await intake_store.release(tx, quarantine_id, arrival.event.id)
        batch = _Batch(journey, tx, now)
        await batch.take_in([arrival])
        await batch.identify()
        await batch.picture()
        await batch.judge()
        batch.audit.append(
            Entry(
                action=Action.EVENT_REPLAY,
                actor="operator",
                actor_role="operator",
                object_digest=arrival.event.id.hex,
                outcome="handled",
                agency=arrival.agency,
            )
        )
        await batch.answer()
    return True


async def _commit_or_bisect(
    journey: Journey, arrivals: Sequence[Arrival], epochs: Epochs, now: datetime
) -> Outcome:
    try:
        return await _commit(journey, arrivals, epochs, now)
    except (UnavailableError, StaleAssignmentError):
        raise
    except Exception:
        # Whatever it is, it must not stop the others; the one that fails alone is
        # quarantined with its bytes below, and counted under its own reason.
        if len(arrivals) == 1 and isinstance(arrivals[0], Refused):
            raise
    if len(arrivals) == 1:
        return await _commit(journey, [_give_up(arrivals[0])], epochs, now)
    middle = len(arrivals) // 2
    outcome = await _commit_or_bisect(journey, arrivals[:middle], epochs, now)
    outcome.add(await _commit_or_bisect(journey, arrivals[middle:], epochs, now))
    return outcome


def _give_up(arrival: Arrival) -> Refused:
    envelope = arrival.envelope
    source = arrival.source
    return Refused(arrival.raw, Refusal.HANDLING_FAILED, arrival.agency, envelope, source)


async def _commit(
    journey: Journey, arrivals: Sequence[Arrival], epochs: Epochs, now: datetime
) -> Outcome:
    async with transaction(journey.pool) as tx:
        await offsets.advance(tx, _spans([arrival.raw for arrival in arrivals], epochs))
        batch = _Batch(journey, tx, now)
        await batch.take_in(arrivals)
        await batch.identify()
        await batch.picture()
        await batch.judge()
        await batch.answer()
    return batch.outcome


def _spans(records: Sequence[RawRecord], epochs: Epochs) -> list[Span]:
    first: dict[tuple[str, int], int] = {}
    after: dict[tuple[str, int], int] = {}
    for raw in records:
        place = (raw.topic, raw.partition)
        first.setdefault(place, raw.offset)
        after[place] = raw.offset + 1
    return [
        Span(topic, partition, first[topic, partition], after[topic, partition], epoch)
        for topic, partition in sorted(first)
        for epoch in (epochs.get((topic, partition), -1),)
    ]


@dataclass(slots=True)
class _Known:
    """A child as this batch knows it: its row, its claims and its picture."""

    row: Child | NewChild
    picture: Picture
    events: list[tuple[Received, Placement]] = field(default_factory=list)
    corrected: bool = False


class _Batch:
    """The state of one batch between its steps; each step reads what those before it left."""

    def __init__(self, journey: Journey, tx: Connection, now: datetime) -> None:
        self.journey = journey
        self.tx = tx
        self.now = now
        self.outcome = Outcome()
        self.feeds: dict[str, int] = {}
        self.concerns: list[tuple[Received, ConcernEvent]] = []
        self.receipts: list[Receipt] = []
        self.audit: list[Entry] = []
        self.outgoing: list[Outgoing] = []
        self.children: dict[UUID, _Known] = {}

    # --- intake -----------------------------------------------------------------------

    async def take_in(self, arrivals: Sequence[Arrival]) -> None:
        """Accept each event once; quarantine what can never be handled."""
        signed = [a for a in arrivals if a.envelope is not None]
        self.feeds = await intake_store.feeds_of(
            self.tx, {a.source: a.agency for a in signed if a.agency}
        )
        fresh = await self._accept(signed)
        refused: list[Refused] = []
        heard: set[int] = set()
        for arrival in arrivals:
            if arrival.envelope is not None and not self._is_first(arrival, fresh):
                self.outcome.duplicates += 1
            elif isinstance(arrival, Refused):
                refused.append(arrival)
            elif isinstance(arrival.event, ConcernEvent):
                self.concerns.append((arrival, arrival.event))
            else:
                self.outcome.heartbeats += 1
                heard.add(self.feeds[arrival.source])
        if heard:
            await intake_store.heard(self.tx, sorted(heard))
        await intake_store.quarantine(self.tx, refused)
        for item in refused:
            self.outcome.quarantined[item.reason] = self.outcome.quarantined.get(item.reason, 0) + 1
            self.audit.append(_rejected(item))

    async def _accept(self, signed: Sequence[Arrival]) -> set[tuple[UUID, int]]:
        rows = [
            (
                a.envelope.id,
                self.feeds[a.source],
                a.envelope.sequence,
                a.envelope.digest(),
                _kind(a),
            )
            for a in signed
            if a.envelope is not None
        ]
        fresh = await intake_store.accept(self.tx, rows) if rows else set()
        again = [row[:2] for row in rows if row[:2] not in fresh]
        outcomes = await intake_store.outcomes(self.tx, again) if again else {}
        self.receipts = receipts(signed, feeds=self.feeds, outcomes=outcomes)
        return fresh

    def _is_first(self, arrival: Arrival, fresh: set[tuple[UUID, int]]) -> bool:
        if arrival.envelope is None:
            return True
        pair = (arrival.envelope.id, self.feeds[arrival.source])
        if pair in fresh:
            fresh.discard(pair)
            return True
        return False

    # --- identity ---------------------------------------------------------------------

    async def identify(self) -> None:
        """Say which child each event is about."""
        if not self.concerns:
            return
        secret = self.journey.match_secret
        questions = []
        for received, event in self.concerns:
            claim = KnownAs.of(event.child, agency=received.agency)
            questions.append(Question(claim, tuple(match_keys(claim, secret=secret))))
        found = await self._find(questions)
        rows = await identity_store.load(
            self.tx,
            {child for children in found.values() for child in children},
            keyring=self.journey.keyring,
            for_change=True,
        )
        assignment = assign(
            questions,
            found=found,
            known={child: row.known for child, row in rows.items()},
            new_id=new_id,
        )
        await self._make(assignment, rows)
        await identity_store.file_under(self.tx, assignment.filed)
        await self._ask(assignment)
        self.audit += [_decrypted(row) for row in rows.values()]

    async def _find(self, questions: Sequence[Question]) -> dict[bytes, list[UUID]]:
        keys = list(dict.fromkeys(key for question in questions for key in question.keys))
        found = await identity_store.find(self.tx, keys)
        unknown = {key for q in questions if not any(k in found for k in q.keys) for key in q.keys}
        if unknown:
            # Another worker may be making the same child just now: take turns, look again.
            await identity_store.lock_keys(self.tx, unknown)
            found |= await identity_store.find(self.tx, sorted(unknown))
        limit = identity_store.CANDIDATES_PER_KEY_MAX
        self.outcome.crowded_keys += sum(len(children) > limit for children in found.values())
        return found

    async def _make(self, assignment: Assignment, rows: Mapping[UUID, Child]) -> None:
        for child, row in rows.items():
            self.children[child] = _Known(row, pictures.from_bytes(row.picture))
        new = {p.child_id: p for p in assignment.placements if p.child_id not in rows}
        keys = await self.journey.keyring.create(list(new))
        made = [
            NewChild(
                child_id=dek.child_id,
                subject=new_id(),
                dek=dek,
                wrapped=wrapped,
                provisional=new[dek.child_id].provisional,
                known=assignment.known[dek.child_id],
                picture=b"",
            )
            for dek, wrapped in keys
        ]
        for newcomer in made:
            self.children[newcomer.child_id] = _Known(newcomer, Picture())
        await identity_store.add(self.tx, made)
        learnt = {
            child: assignment.known[child]
            for child, row in rows.items()
            if assignment.known[child] is not row.known
        }
        await identity_store.learn(self.tx, [(rows[c].dek, known) for c, known in learnt.items()])
        by_agency = self.outcome.by_agency
        for (received, _), placement in zip(self.concerns, assignment.placements, strict=True):
            by_agency[received.agency] = by_agency.get(received.agency, 0) + 1
            self.children[placement.child_id].events.append((received, placement))
            self._audit_placement(received, placement)

    async def _ask(self, assignment: Assignment) -> None:
        reviews: list[Review] = []
        held: list[tuple[UUID, int]] = []
        for (received, event), placement in zip(self.concerns, assignment.placements, strict=True):
            if not placement.provisional:
                self.outcome.placed += 1
                continue
            self.outcome.held += 1
            held.append((event.id, self.feeds[received.source]))
            reviews.append(
                Review(
                    review_id=new_id(),
                    child_id=placement.child_id,
                    event_id=event.id,
                    reason=placement.decision.reason,
                    candidates=placement.decision.children,
                    la_code=event.child.home_la,
                    opened_at=self.now,
                )
            )
        await identity_store.ask(self.tx, reviews)
        await intake_store.settle(self.tx, held)

    def _audit_placement(self, received: Received, placement: Placement) -> None:
        subject = self.children[placement.child_id].row.subject
        event = received.event
        held = placement.provisional
        self.audit.append(
            Entry(
                action=Action.EVENT_RECEIVE,
                actor=ACTOR,
                actor_role=ROLE,
                object_digest=event.id.hex,
                outcome="held" if held else "placed",
                agency=received.agency,
                purpose=event.purpose if isinstance(event, ConcernEvent) else None,
                basis=event.basis if isinstance(event, ConcernEvent) else None,
                subject=subject,
            )
        )
        self.audit.append(
            Entry(
                action=_MATCH_ACTIONS[placement.decision.answer],
                actor=ACTOR,
                actor_role=ROLE,
                object_digest=event.id.hex,
                outcome=placement.decision.reason,
                subject=subject,
            )
        )

    # --- picture ----------------------------------------------------------------------

    async def picture(self) -> None:
        """Put events on chronologies, strike out what they correct, fold the pictures."""
        entries = [
            NewEntry(
                entry_id=new_id(),
                dek=known.row.dek,
                feed_id=self.feeds[received.source],
                event_id=received.event.id,
                occurred_on=_day(received),
                received_at=self.now,
                body=received.body,
            )
            for known in self.children.values()
            for received, _ in known.events
        ]
        struck = await picture_store.add(self.tx, entries)
        await self._correct()
        changed: list[tuple[Child | NewChild, bytes]] = []
        for known in self.children.values():
            before = known.picture
            known.picture = await self._folded(known, struck)
            if known.picture is not before and known.picture != before:
                changed.append((known.row, pictures.to_bytes(known.picture)))
        await identity_store.change(self.tx, [(row.dek, picture) for row, picture in changed])

    async def _correct(self) -> None:
        touched = await picture_store.correct(
            self.tx,
            [
                (self.feeds[received.source], target, event.id, kind)
                for received, event in self.concerns
                for target, kind in _corrections(event)
            ],
        )
        elsewhere = touched - set(self.children)
        if elsewhere:
            rows = await identity_store.load(
                self.tx, elsewhere, keyring=self.journey.keyring, for_change=True
            )
            for child, row in rows.items():
                self.children[child] = _Known(row, pictures.from_bytes(row.picture))
                self.audit.append(_decrypted(row))
        for child in touched & set(self.children):
            self.children[child].corrected = True

    async def _folded(self, known: _Known, struck: set[UUID]) -> Picture:
        if known.corrected:
            bodies = await picture_store.standing(self.tx, known.row.dek)
            events = [parse_event(body) for body in bodies]
            return fold(step_of(e) for e in events if isinstance(e, ConcernEvent))
        picture = known.picture
        for received, _ in known.events:
            if isinstance(received.event, ConcernEvent) and received.event.id not in struck:
                picture = picture.with_(step_of(received.event))
        return picture

    # --- rules and routing ------------------------------------------------------------

    async def judge(self) -> None:
        """Ask the rules about every child whose picture may have changed."""
        asked = [
            known
            for known in self.children.values()
            if (known.events or known.corrected) and not _is_provisional(known.row)
        ]
        about = [
            routing_alerts.About(
                child_id=known.row.child_id,
                subject=known.row.subject,
                dek=known.row.dek,
                name=known.picture.name,
                where=_whereabouts(known.picture),
                findings=self.journey.book.findings(_case(known.picture, self.now)),
                corrected=known.corrected,
            )
            for known in asked
        ]
        raised = await routing_alerts.raise_alerts(
            self.tx, about, router=self.journey.router, outward=self.journey.outward, now=self.now
        )
        self.outgoing += raised.outgoing
        self.audit += raised.audit
        self.outcome.unrouted += raised.unrouted
        for rule in raised.opened:
            self.outcome.alerts[rule] = self.outcome.alerts.get(rule, 0) + 1

    # --- answers ----------------------------------------------------------------------

    async def answer(self) -> None:
        """Write the receipts and the audit entries, and leave the rest to the relay."""
        for receipt in self.receipts:
            if self.journey.outward.reaches(receipt.agency):
                self.outgoing.append(receipt.sealed(self.journey.outward, at=self.now))
        await outbox.put(self.tx, self.outgoing)
        await audit_store.append(self.tx, self.audit, at=self.now)


_MATCH_ACTIONS = {
    Answer.SAME: Action.MATCH_LINK,
    Answer.NEW: Action.MATCH_NEW,
    Answer.ASK: Action.MATCH_HOLD,
}


def _kind(arrival: Arrival) -> str:
    if isinstance(arrival, Refused):
        return "quarantined"
    return "placed" if isinstance(arrival.event, ConcernEvent) else "heartbeat"


def _day(received: Received) -> date:
    event = received.event
    moment = event.occurred.at if isinstance(event, ConcernEvent) else event.recorded_at
    return moment.date()


def _corrections(event: ConcernEvent) -> list[tuple[UUID, str]]:
    if event.retracts is not None:
        return [(event.retracts, "retracted")]
    if event.supersedes is not None:
        return [(event.supersedes, "superseded")]
    return []


def _is_provisional(row: Child | NewChild) -> bool:
    return isinstance(row, NewChild) and row.provisional


def _case(picture: Picture, now: datetime) -> Case:
    return Case(
        facts=picture.facts,
        plan_is_open=picture.open_plan is not None,
        has_lead=picture.lead is not None,
        today=now.date(),
    )


def _whereabouts(picture: Picture) -> Whereabouts:
    return Whereabouts(
        lead_worker=picture.lead.worker if picture.lead else "",
        home_la=picture.home_la,
        school_urn=picture.school_urn,
    )


def _rejected(item: Refused) -> Entry:
    digest = item.envelope.id.hex if item.envelope else f"{item.raw.partition}/{item.raw.offset}"
    return Entry(
        action=Action.EVENT_REJECT,
        actor=ACTOR,
        actor_role=ROLE,
        object_digest=digest,
        outcome=item.reason,
        agency=item.agency,
    )


def _decrypted(row: Child) -> Entry:
    return Entry(
        action=Action.RECORD_DECRYPT,
        actor=ACTOR,
        actor_role=ROLE,
        object_digest=row.subject.hex,
        outcome="opened",
        purpose="correlation",
        subject=row.subject,
    )
