"""What a rule may know of one event: a kind, a day, an agency, an episode. Nothing else.

Facts are few and small, so that the cost of an event does not grow with a child's history.
Ethnicity, sex, disability and immigration status have no fact kind and never will;
hardship has one of its own, which no concern rule reads (learning themes, rule (e), 1b).
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID


class FactKind(StrEnum):
    """The lanes that rules read."""

    NEGLECT = "neglect"
    HARDSHIP = "hardship"
    CONTACT_NFA = "contact_nfa"
    SUSPENSION = "suspension"
    EXCLUSION = "exclusion"
    MISSING = "missing"
    WAS_NOT_BROUGHT = "was_not_brought"
    DOMESTIC_ABUSE = "domestic_abuse"


@dataclass(frozen=True, slots=True)
class Fact:
    """One event as rules see it.

    `episode` is the same for several records of one incident; `category` tells, where the
    kind needs it, of what (a contact's category, a neglect indicator); `amount` is days
    for a suspension, 1 otherwise; `by` is the worker who decided, by the source's own id.
    """

    kind: FactKind
    day: date
    agency: str
    event_id: UUID
    episode: str
    category: str = ""
    amount: float = 1.0
    by: str = ""
