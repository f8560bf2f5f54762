"""A child's picture as a bounded fold over the chronology; pure.

The order in which events arrive does not matter: each part is a set kept in the order of
occurrence and cut to its newest, so that `fold` over any order gives the same picture. A
correction re-folds the chronology without what it struck out.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar
from uuid import UUID

from broker.model.fact import Fact, FactKind

FACTS_PER_KIND_MAX = 16
"""No rule's threshold is near this; the newest are kept."""
LEADS_MAX = 12
PLANS_MAX = 12
AGENCIES_MAX = 32
PEOPLE_MAX = 24

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, order=True)
class Lead:
    """Who leads from a day on; without `worker`, the lead ended with no successor."""

    day: date
    event_id: UUID
    worker: str = ""
    name: str = field(default="", repr=False)
    team: str = ""
    la_code: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Plan:
    """A child protection or other plan that opened or ended."""

    day: date
    event_id: UUID
    kind: str
    open: bool


@dataclass(frozen=True, slots=True, order=True)
class Involved:
    """A person some agency named, and as what (learning themes 20: including men)."""

    day: date
    role: str
    name: str = field(repr=False)
    agency: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the child lives and learns, as last said, for routing only."""

    day: date
    event_id: UUID
    home_la: str = ""
    school_urn: str = field(default="", repr=False)
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """What one event adds to a picture."""

    agency: str
    day: date
    facts: tuple[Fact, ...] = ()
    lead: Lead | None = None
    plan: Plan | None = None
    people: tuple[Involved, ...] = field(default=(), repr=False)
    place: Place | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """The bounded picture of one child."""

    facts: tuple[Fact, ...] = field(default=(), repr=False)
    leads: tuple[Lead, ...] = field(default=(), repr=False)
    plans: tuple[Plan, ...] = ()
    agencies: tuple[tuple[str, date], ...] = ()
    people: tuple[Involved, ...] = field(default=(), repr=False)
    places: tuple[Place, ...] = field(default=(), repr=False)

    @property
    def lead(self) -> Lead | None:
        """Who leads now, if anybody does."""
        return self.leads[-1] if self.leads and self.leads[-1].worker else None

    @property
    def open_plan(self) -> Plan | None:
        """The plan that is open now, if one is."""
        return self.plans[-1] if self.plans and self.plans[-1].open else None

    @property
    def home_la(self) -> str:
        """The home authority last said; empty when nobody said."""
        return next((p.home_la for p in reversed(self.places) if p.home_la), "")

    @property
    def school_urn(self) -> str:
        """The school last said; empty when nobody said."""
        return next((p.school_urn for p in reversed(self.places) if p.school_urn), "")

    @property
    def name(self) -> str:
        """The child's name as last written; empty when nobody wrote it."""
        return next((p.name for p in reversed(self.places) if p.name), "")

    def of(self, kind: FactKind) -> tuple[Fact, ...]:
        """The facts of one kind, oldest first."""
        return tuple(fact for fact in self.facts if fact.kind is kind)

    def with_(self, step: Step) -> "Picture":
        """Add what one event says."""
        return replace(
            self,
            facts=_with_facts(self.facts, step.facts),
            leads=_newest(self.leads, (step.lead,) if step.lead else (), LEADS_MAX),
            plans=_newest(self.plans, (step.plan,) if step.plan else (), PLANS_MAX),
            agencies=_with_agency(self.agencies, step.agency, step.day),
            people=_with_people(self.people, step.people),
            places=_with_place(self.places, step.place),
        )


def fold(steps: Iterable[Step]) -> Picture:
    """Put a picture together from nothing."""
    picture = Picture()
    for step in steps:
        picture = picture.with_(step)
    return picture


def _newest(held: tuple[_T, ...], new: tuple[_T, ...], limit: int) -> tuple[_T, ...]:
    if not new:
        return held
    return tuple(sorted({*held, *new}))[-limit:]  # type: ignore[type-var]  # ordered dataclasses


def _with_facts(held: tuple[Fact, ...], new: tuple[Fact, ...]) -> tuple[Fact, ...]:
    if not new:
        return held
    kept: list[Fact] = []
    merged = sorted({*held, *new}, key=_fact_order)
    for kind in dict.fromkeys(fact.kind for fact in merged):
        kept += [fact for fact in merged if fact.kind is kind][-FACTS_PER_KIND_MAX:]
    return tuple(sorted(kept, key=_fact_order))


def _fact_order(fact: Fact) -> tuple[date, UUID, str, str]:
    return fact.day, fact.event_id, fact.kind, fact.category


def _with_agency(
    held: tuple[tuple[str, date], ...], agency: str, day: date
) -> tuple[tuple[str, date], ...]:
    last = dict(held)
    if agency in last and last[agency] >= day:
        return held
    last[agency] = day
    return tuple(sorted(last.items(), key=lambda item: (item[1], item[0])))[-AGENCIES_MAX:]


def _with_people(held: tuple[Involved, ...], new: tuple[Involved, ...]) -> tuple[Involved, ...]:
    if not new:
        return held
    last: dict[tuple[str, str], Involved] = {}
    for person in sorted((*held, *new)):
        last[person.role, person.name] = person
    return tuple(sorted(last.values()))[-PEOPLE_MAX:]


def _with_place(held: tuple[Place, ...], new: Place | None) -> tuple[Place, ...]:
    """Keep, for each thing a place can say, the last event that said it."""
    if new is None:
        return held
    ordered = sorted({*held, new}, key=lambda place: (place.day, place.event_id))
    kept: dict[UUID, Place] = {}
    for said in ("home_la", "school_urn", "name"):
        speaker = next((p for p in reversed(ordered) if getattr(p, said)), None)
        if speaker is not None:
            kept[speaker.event_id] = speaker
    return tuple(p for p in ordered if p.event_id in kept)


def to_bytes(picture: Picture) -> bytes:
    """Write the form that is sealed."""
    body = {
        "f": [
            [f.kind, f.day.toordinal(), f.agency, f.event_id.hex, *_fact_text(f)]
            for f in picture.facts
        ],
        "l": [[x.day.toordinal(), x.event_id.hex, *_lead_text(x)] for x in picture.leads],
        "p": [[x.day.toordinal(), x.event_id.hex, x.kind, x.open] for x in picture.plans],
        "a": [[agency, day.toordinal()] for agency, day in picture.agencies],
        "w": [[x.day.toordinal(), x.role, x.name, x.agency] for x in picture.people],
        "h": [
            [x.day.toordinal(), x.event_id.hex, x.home_la, x.school_urn, x.name]
            for x in picture.places
        ],
    }
    return json.dumps(body, separators=(",", ":")).encode()


def _fact_text(fact: Fact) -> tuple[str, str, float, str]:
    return fact.episode, fact.category, fact.amount, fact.by


def _lead_text(lead: Lead) -> tuple[str, str, str, str]:
    return lead.worker, lead.name, lead.team, lead.la_code


def from_bytes(data: bytes) -> Picture:
    """Read the form that was sealed; nothing at all is an empty picture."""
    if not data:
        return Picture()
    body = json.loads(data)
    day = date.fromordinal
    return Picture(
        facts=tuple(
            Fact(FactKind(k), day(d), agency, UUID(e), episode, category, amount, by)
            for k, d, agency, e, episode, category, amount, by in body["f"]
        ),
        leads=tuple(Lead(day(d), UUID(e), *text) for d, e, *text in body["l"]),
        plans=tuple(Plan(day(d), UUID(e), kind, open_) for d, e, kind, open_ in body["p"]),
        agencies=tuple((agency, day(d)) for agency, d in body["a"]),
        people=tuple(Involved(day(d), *text) for d, *text in body["w"]),
        places=tuple(Place(day(d), UUID(e), *text) for d, e, *text in body["h"]),
    )
