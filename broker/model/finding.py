"""What a rule found: its own sentence, the very events, the threshold and its source."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from broker.model.fact import Fact


class Lane(StrEnum):
    """Concern asks someone to look; help offers support, and is never a concern."""

    CONCERN = "concern"
    HELP = "help"


class Audience(StrEnum):
    """Whom a rule asks for; routing finds the person."""

    LEAD = "lead"
    """The lead practitioner, else the front door of the home authority."""
    SCHOOL = "school"
    """The designated safeguarding lead of the child's school."""
    OTHER_MANAGER = "other_manager"
    """A team manager who made none of the decisions in the evidence."""


class Clock(StrEnum):
    """How soon a person must answer; `broker/routing/due.py` turns it into an instant."""

    FOUR_HOURS = "four_hours"
    DAY = "day"
    ONE_WORKING_DAY = "one_working_day"
    THREE_WORKING_DAYS = "three_working_days"
    BEFORE_SCHOOL = "before_school"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's answer about one child; explains itself and scores nothing."""

    rule: str
    version: str
    lane: Lane
    audience: Audience
    clock: Clock
    sentence: str
    evidence: tuple[Fact, ...] = field(repr=False)
    threshold: str
    threshold_source: str
    not_known: tuple[str, ...] = ()
    clears_when: str = ""

    @property
    def events(self) -> frozenset[UUID]:
        """The events it rests on."""
        return frozenset(fact.event_id for fact in self.evidence)
