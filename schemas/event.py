"""What every concern event says, whatever its type: the part inside the seal.

A sector's types (`police.py`, `health.py`, `education.py`, `social_care.py`) each add
one `type` and one `data`. Fields follow the concern event vocabulary: who says it, about
which child, when, on what basis, whether it is fact, opinion or allegation, and what it
meant for the child.
"""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from schemas.person import ChildClaim, Claim, PersonClaim
from schemas.times import Occurred

NARRATIVE_LENGTH_MAX = 4000
"""Characters in one account. The largest sealed body is 16 KiB; three accounts must fit."""
PEOPLE_MAX = 20
RECORD_ID_LENGTH_MAX = 120

Narrative = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NARRATIVE_LENGTH_MAX)
]
RecordId = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=RECORD_ID_LENGTH_MAX)
]
AgencyId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")]


class Assertion(StrEnum):
    """Fact, opinion and allegation are told apart (DPA 2018 s38; vocabulary 3.1)."""

    FACT = "fact"
    OPINION = "opinion"
    ALLEGATION = "allegation"


class Purpose(StrEnum):
    """What the information may be used for; no purpose, no decryption (law, row 9)."""

    SAFEGUARDING_S47 = "safeguarding_s47"
    WELFARE_S17 = "welfare_s17"
    EARLY_HELP = "early_help"
    MISSING = "missing"
    EXPLOITATION = "exploitation"


class LawfulBasis(StrEnum):
    """UK GDPR article 6 basis (law, row 6); consent is deliberately not the default."""

    PUBLIC_TASK = "6(1)(e)"
    LEGAL_OBLIGATION = "6(1)(c)"
    RECOGNISED_LEGITIMATE_INTEREST = "6(1)(ea)"


class VoiceKind(StrEnum):
    """How the child's voice was heard."""

    SAID = "said"
    SEEN = "seen"
    NOT_SPOKEN_TO = "not_spoken_to"


class ChildVoice(Claim):
    """What the child said or showed, or why nobody asked."""

    kind: VoiceKind
    words: Narrative | None = Field(default=None, repr=False)


class AgencyRecord(Claim):
    """Fields common to everything an agency sends, concerns and heartbeats alike."""

    type: str
    """Type and version, such as `police.ppn.child.v1`; each model fixes its own."""
    id: UUID
    agency: AgencyId
    recorded_at: AwareDatetime


class ConcernEvent(AgencyRecord):
    """One agency's piece of one child's picture."""

    source_record: RecordId = Field(repr=False)
    incident: RecordId | None = Field(default=None, repr=False)
    """The agency's incident number: several records of one incident are one episode."""
    occurred: Occurred
    child: ChildClaim = Field(repr=False)
    people: tuple[PersonClaim, ...] = Field(default=(), max_length=PEOPLE_MAX, repr=False)
    basis: LawfulBasis = LawfulBasis.PUBLIC_TASK
    purpose: Purpose
    assertion: Assertion
    what_happened: Narrative = Field(repr=False)
    impact_on_child: Narrative | None = Field(default=None, repr=False)
    child_voice: ChildVoice | None = Field(default=None, repr=False)
    do_not_tell_parent: bool = False
    supersedes: UUID | None = None
    """The event this one corrects: same source record, the whole event said again."""
    retracts: UUID | None = None
    """The event this one takes back: it stays on record, struck out, and counts for nothing."""

    @model_validator(mode="after")
    def _corrects_one_way(self) -> "ConcernEvent":
        if self.supersedes is not None and self.retracts is not None:
            msg = "an event supersedes or retracts, not both"
            raise ValueError(msg)
        return self
