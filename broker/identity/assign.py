"""Decide a whole batch in order; pure.

An event may be about a child that an earlier event of the same batch made: what each
decision adds is seen by the next.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from broker.identity.decide import Answer, Candidate, Decision, decide
from broker.identity.known import KnownAs


@dataclass(frozen=True, slots=True)
class Question:
    """One event's claims and the keys it is looked for under."""

    claim: KnownAs = field(repr=False)
    keys: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one event goes: an existing child, a new one, or a provisional one."""

    decision: Decision
    child_id: UUID

    @property
    def provisional(self) -> bool:
        """Whether a person must still say whose it is."""
        return self.decision.answer is Answer.ASK


@dataclass(frozen=True, slots=True)
class Assignment:
    """A batch's placements, in order, and what they teach about each child."""

    placements: tuple[Placement, ...]
    known: Mapping[UUID, KnownAs] = field(repr=False)
    """Every child placed on, with its claims as they now stand."""
    filed: tuple[tuple[bytes, UUID], ...] = field(repr=False)
    """Keys under which children are newly filed."""


def assign(
    questions: Sequence[Question],
    *,
    found: Mapping[bytes, Sequence[UUID]],
    known: Mapping[UUID, KnownAs],
    new_id: Callable[[], UUID],
) -> Assignment:
    """Answer every question in order."""
    index = {key: list(children) for key, children in found.items()}
    now_known = dict(known)
    placements: list[Placement] = []
    filed: dict[tuple[bytes, UUID], None] = {}
    for question in questions:
        near = dict.fromkeys(child for key in question.keys for child in index.get(key, ()))
        decision = decide(
            question.claim,
            [Candidate(child, now_known[child]) for child in near if child in now_known],
        )
        child = decision.children[0] if decision.answer is Answer.SAME else new_id()
        placements.append(Placement(decision, child))
        if decision.answer is Answer.ASK:
            # A provisional child is filed under no key: nothing may match what is in doubt.
            now_known[child] = question.claim
            continue
        now_known[child] = now_known.get(child, KnownAs()).with_(question.claim)
        for key in question.keys:
            holders = index.setdefault(key, [])
            if child not in holders:
                holders.append(child)
                filed[key, child] = None
    return Assignment(tuple(placements), now_known, tuple(filed))
