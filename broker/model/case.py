"""What the rules are given of one child, and all that they are given."""

from dataclasses import dataclass, field
from datetime import date

from broker.model.fact import Fact, FactKind


@dataclass(frozen=True, slots=True)
class Case:
    """Facts, oldest first; whether a plan is open; whether anyone leads; the day."""

    facts: tuple[Fact, ...] = field(repr=False)
    plan_is_open: bool
    has_lead: bool
    today: date

    def of(self, *kinds: FactKind) -> tuple[Fact, ...]:
        """The facts of these kinds, oldest first."""
        return tuple(fact for fact in self.facts if fact.kind in kinds)
