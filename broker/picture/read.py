"""What each type of event adds to a picture; pure.

The one place that knows which event types are neglect indicators, hardship, a closed
contact and so on. Sources: learning themes 1, 1b, 2, 18, 21, 28; vocabulary 3.2 to 3.5.
"""

from collections.abc import Callable, Iterator, Mapping

from broker.model.fact import Fact, FactKind
from broker.picture.picture import Involved, Lead, Place, Plan, Step
from schemas import education, health, police, social_care
from schemas.event import ConcernEvent
from schemas.indicators import NeglectIndicator

SESSIONS_PER_DAY = 2
NFA = "nfa"
SAFEGUARDING = "safeguarding"


def step_of(event: ConcernEvent) -> Step:
    """Read one event; a withdrawal adds nothing but that its agency was heard."""
    day = event.occurred.at.date()
    if event.retracts is not None:
        return Step(agency=event.agency, day=day)
    return Step(
        agency=event.agency,
        day=day,
        facts=tuple(_facts(event)),
        lead=_lead(event),
        plan=_plan(event),
        people=tuple(
            Involved(day, person.role, _full(person.name.given, person.name.family), event.agency)
            for person in event.people
            if person.name.given or person.name.family
        ),
        place=_place(event),
    )


def _fact(
    event: ConcernEvent, kind: FactKind, *, category: str = "", amount: float = 1.0, by: str = ""
) -> Fact:
    episode = f"{event.agency}:{event.incident}" if event.incident else event.id.hex
    return Fact(
        kind=kind,
        day=event.occurred.at.date(),
        agency=event.agency,
        event_id=event.id,
        episode=episode,
        category=category,
        amount=amount,
        by=by,
    )


def _facts(event: ConcernEvent) -> Iterator[Fact]:
    read = _READERS.get(type(event))
    if read is not None:
        yield from read(event)


def _indicators(event: ConcernEvent, found: tuple[NeglectIndicator, ...]) -> Iterator[Fact]:
    if found:
        yield _fact(event, FactKind.NEGLECT, category=", ".join(found))


def _ppn(event: ConcernEvent) -> Iterator[Fact]:
    assert isinstance(event, police.PpnChild)
    yield from _indicators(event, event.data.neglect_indicators)


def _domestic_abuse(event: ConcernEvent) -> Iterator[Fact]:
    assert isinstance(event, police.DomesticAbuse)
    if event.data.children_present:
        yield _fact(event, FactKind.DOMESTIC_ABUSE)


def _encompass(event: ConcernEvent) -> Iterator[Fact]:
    assert isinstance(event, police.EncompassNotice)
    if event.data.child_present:
        yield _fact(event, FactKind.DOMESTIC_ABUSE)


def _missing(event: ConcernEvent) -> Iterator[Fact]:
    assert isinstance(event, police.MissingStarted)
    yield _fact(event, FactKind.MISSING)


def _was_not_brought(event: ConcernEvent) -> Iterator[Fact]:
    assert isinstance(event, health.WasNotBrought)
    category = SAFEGUARDING if event.data.safeguarding_relevant else ""
    yield _fact(event, FactKind.WAS_NOT_BROUGHT, category=category)
    yield _fact(event, FactKind.NEGLECT, category=NeglectIndicator.WAS_NOT_BROUGHT)


def _hv_contact(event: ConcernEvent) -> Iterator[Fact]:
    assert isinstance(event, health.HvContact)
    yield from _indicators(event, event.data.neglect_indicators)


def _concern_logged(event: ConcernEvent) -> Iterator[Fact]:
    assert isinstance(event, education.ConcernLogged)
    yield from _indicators(event, event.data.neglect_indicators)


def _suspension(event: ConcernEvent) -> Iterator[Fact]:
    assert isinstance(event, education.Suspension)
    yield _fact(event, FactKind.SUSPENSION, amount=event.data.sessions / SESSIONS_PER_DAY)


def _exclusion(event: ConcernEvent) -> Iterator[Fact]:
    assert isinstance(event, education.PermanentExclusion)
    yield _fact(event, FactKind.EXCLUSION)


def _hardship(event: ConcernEvent) -> Iterator[Fact]:
    assert isinstance(event, education.EduHardship | social_care.CscHardship)
    yield _fact(event, FactKind.HARDSHIP, category=event.data.sign)


def _contact(event: ConcernEvent) -> Iterator[Fact]:
    assert isinstance(event, social_care.ContactOutcome)
    if event.data.outcome == NFA:
        by = event.data.decided_by or ""
        yield _fact(event, FactKind.CONTACT_NFA, category=event.data.category, by=by)


_READERS: Mapping[type[ConcernEvent], Callable[[ConcernEvent], Iterator[Fact]]] = {
    police.PpnChild: _ppn,
    police.DomesticAbuse: _domestic_abuse,
    police.EncompassNotice: _encompass,
    police.MissingStarted: _missing,
    health.WasNotBrought: _was_not_brought,
    health.HvContact: _hv_contact,
    education.ConcernLogged: _concern_logged,
    education.Suspension: _suspension,
    education.PermanentExclusion: _exclusion,
    education.EduHardship: _hardship,
    social_care.ContactOutcome: _contact,
    social_care.CscHardship: _hardship,
}


def _lead(event: ConcernEvent) -> Lead | None:
    if not isinstance(event, social_care.LeadChanged):
        return None
    data = event.data
    return Lead(
        day=event.occurred.at.date(),
        event_id=event.id,
        worker="" if data.ended else data.worker_id,
        name=data.worker_name or "",
        team=data.team or "",
        la_code=data.la_code,
    )


def _plan(event: ConcernEvent) -> Plan | None:
    if isinstance(event, social_care.CpPlanStarted):
        return Plan(event.data.started_on, event.id, "child protection", open=True)
    if isinstance(event, social_care.CpPlanEnded):
        return Plan(event.data.ended_on, event.id, "child protection", open=False)
    return None


def _place(event: ConcernEvent) -> Place | None:
    child = event.child
    school = child.school_urn or ""
    if isinstance(event, police.EncompassNotice):
        school = event.data.school_urn
    home = child.home_la or ""
    if isinstance(event, social_care.LeadChanged) and not event.data.ended:
        home = event.data.la_code
    name = _full(child.name.given, child.name.family)
    if not (home or school or name):
        return None
    return Place(event.occurred.at.date(), event.id, home, school, name)


def _full(given: str, family: str) -> str:
    return f"{given} {family}".strip()
