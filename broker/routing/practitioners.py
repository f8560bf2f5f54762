"""The directory of people and desks who can hold an alert, and who stands behind them; pure."""

import tomllib
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from broker.errors import SettingsError
from schemas.event import AgencyId
from schemas.identifiers import LaCode

PractitionerRole = Literal[
    "social_worker",
    "team_manager",
    "front_door",
    "safeguarding_lead",
    "health_visitor",
    "police_officer",
    "auditor",
]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Practitioner(_Row):
    """A person who may sign in and hold alerts."""

    id: str
    name: str
    email: str
    agency: AgencyId
    role: PractitionerRole
    la_code: LaCode | None = None
    deputy: str | None = None
    manager: str | None = None
    active: bool = True


class Desk(_Row):
    """A duty desk that is never empty: the front door of an authority."""

    id: str
    name: str
    email: str
    agency: AgencyId
    la_code: LaCode
    members: tuple[str, ...]


class School(_Row):
    """A school and its designated safeguarding lead."""

    urn: str
    name: str
    agency: AgencyId
    lead: str


class Practitioners(BaseModel):
    """Everyone who can be told, by id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    practitioner: tuple[Practitioner, ...]
    desk: tuple[Desk, ...]
    school: tuple[School, ...] = ()

    @cached_property
    def people(self) -> dict[str, Practitioner]:
        """People by id."""
        return {person.id: person for person in self.practitioner}

    @cached_property
    def desks(self) -> dict[str, Desk]:
        """Desks by id."""
        return {desk.id: desk for desk in self.desk}

    @cached_property
    def schools(self) -> dict[str, School]:
        """Schools by URN."""
        return {school.urn: school for school in self.school}

    def front_door(self, la_code: str) -> Desk | None:
        """The front door of an authority, if one is known."""
        return next((desk for desk in self.desk if desk.la_code == la_code), None)

    def chain(self, holder: str) -> tuple[str, ...]:
        """Who is told in turn while nobody answers: holder, deputy, manager, front door."""
        person = self.people.get(holder)
        if person is None:
            return (holder,)
        desk = self.front_door(person.la_code) if person.la_code else None
        steps = (holder, person.deputy, person.manager, desk.id if desk else None)
        return tuple(dict.fromkeys(step for step in steps if step))

    def email_of(self, recipient: str) -> str | None:
        """Where the doorbell of a person or desk rings."""
        known = self.people.get(recipient) or self.desks.get(recipient)
        return known.email if known else None

    def agency_of(self, recipient: str) -> str | None:
        """The agency of a person or desk."""
        known = self.people.get(recipient) or self.desks.get(recipient)
        return known.agency if known else None

    def holds_for(self, person: str) -> tuple[str, ...]:
        """The recipients a person answers for: themselves and their desks."""
        return (person, *(desk.id for desk in self.desk if person in desk.members))


def load(path: Path) -> Practitioners:
    """Read the directory of practitioners.

    Raises:
        SettingsError: It is missing or malformed.
    """
    try:
        return Practitioners.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        msg = f"practitioners file {path.name}: {type(error).__name__}; see docs/operations.md"
        raise SettingsError(msg) from None
