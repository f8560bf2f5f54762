"""From a finding to the person who must answer it; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from broker.model.fact import Fact, FactKind
from broker.model.finding import Audience, Finding
from broker.routing.agreement import Sharing
from broker.routing.due import due_at
from broker.routing.practitioners import Practitioners
from schemas.messages import EVIDENCE_MAX, Disclosure, EvidenceLine


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What routing needs of a picture: who leads, whose child, which school."""

    lead_worker: str = ""
    home_la: str = ""
    school_urn: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """Who holds the alert, in which agency, and when an answer is due."""

    holder: str
    agency: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Router:
    """Joins the directory of people to the sharing agreement."""

    practitioners: Practitioners
    sharing: Sharing
    sectors: Mapping[str, str]
    """The sector of each agency, from the signed directory."""

    def route(self, finding: Finding, where: Whereabouts, *, now: datetime) -> Route | None:
        """Find who must answer; None when nobody can be found, which is itself an alarm."""
        holder = self._holder(finding, where)
        agency = self.practitioners.agency_of(holder) if holder else None
        if holder is None or agency is None:
            return None
        return Route(holder, agency, due_at(finding.clock, now=now))

    def lines(self, finding: Finding, *, agency: str, today: date) -> tuple[EvidenceLine, ...]:
        """The evidence as far as the agency may know it; what it may not know is left out."""
        recipient = self.sectors.get(agency, "")
        lines: list[EvidenceLine] = []
        for fact in finding.evidence[-EVIDENCE_MAX:]:
            source = self.sectors.get(fact.agency, "")
            mode = self.sharing.may(fact, source=source, recipient=recipient, today=today)
            if source and recipient and mode is not None:
                lines.append(_line(fact, mode))
        return tuple(lines)

    def _holder(self, finding: Finding, where: Whereabouts) -> str | None:
        desk = self.practitioners.front_door(where.home_la)
        front_door = desk.id if desk else None
        if finding.audience is Audience.SCHOOL:
            school = self.practitioners.schools.get(where.school_urn)
            return school.lead if school else front_door
        if finding.audience is Audience.OTHER_MANAGER:
            return self._other_manager(finding, where) or front_door
        lead = self.practitioners.people.get(where.lead_worker)
        return lead.id if lead is not None and lead.active else front_door

    def _other_manager(self, finding: Finding, where: Whereabouts) -> str | None:
        deciders = {fact.by for fact in finding.evidence}
        return next(
            (
                person.id
                for person in self.practitioners.practitioner
                if person.role == "team_manager"
                and person.active
                and person.la_code == where.home_la
                and person.id not in deciders
            ),
            None,
        )


_WORDS: Mapping[FactKind, str] = {
    FactKind.NEGLECT: "Neglect indicator",
    FactKind.HARDSHIP: "Sign of hardship",
    FactKind.CONTACT_NFA: "Contact closed with no further action",
    FactKind.SUSPENSION: "Suspension from school",
    FactKind.EXCLUSION: "Permanent exclusion",
    FactKind.MISSING: "Reported missing",
    FactKind.WAS_NOT_BROUGHT: "Was not brought to an appointment",
    FactKind.DOMESTIC_ABUSE: "Domestic abuse, child present",
}


def _line(fact: Fact, mode: Disclosure) -> EvidenceLine:
    summary = _WORDS[fact.kind]
    if fact.category:
        summary = f"{summary}: {fact.category.replace('_', ' ')}"
    return EvidenceLine(
        event_id=fact.event_id,
        disclosure=mode,
        agency=fact.agency,
        occurred=fact.day.isoformat(),
        summary=summary if mode is Disclosure.CONTENT else None,
    )
