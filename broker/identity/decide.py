"""Same, new, or ask a person; pure.

Deterministic until the full matcher takes this place:

1. A valid NHS number or UPN that agrees, *and* a date of birth or a name that agrees, is
   the same child, unless the given names disagree: twins' numbers get swapped.
2. A source's own number, with date of birth or name agreeing, is the same child.
3. Exact name, date of birth and postcode is the same child, unless two valid numbers differ.
4. Two valid numbers that differ, with given names that differ, are two children.
5. Whatever else comes near is put before a person. Missing is never agreement, and
   never disagreement.
6. Nothing near: a new child, if enough is known to make one.

The rules follow the cross-check of the national tracing service (matching design, 2) and
`domain/identifiers`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from broker.identity.known import KnownAs


class Answer(StrEnum):
    """The three answers there are."""

    SAME = "same"
    NEW = "new"
    ASK = "ask"


class Reason(StrEnum):
    """Why a person is asked, or what made it sure. Codes: safe to log and count."""

    NUMBER_AGREES = "number_agrees"
    LOCAL_ID_AGREES = "local_id_agrees"
    NAME_BORN_PLACE_AGREE = "name_born_place_agree"
    NOBODY_NEAR = "nobody_near"
    TOO_LITTLE_SAID = "too_little_said"
    NUMBER_AGREES_NOTHING_ELSE = "number_agrees_nothing_else"
    NUMBER_AGREES_GIVEN_DIFFERS = "number_agrees_given_differs"
    DETAILS_AGREE_NUMBER_DIFFERS = "details_agree_number_differs"
    NAME_AND_BIRTH_ONLY = "name_and_birth_only"
    SIBLING_OR_TWIN = "sibling_or_twin"
    FAMILY_NAME_DIFFERS = "family_name_differs"
    BIRTH_DATE_DIFFERS = "birth_date_differs"
    SEVERAL_CHILDREN_FIT = "several_children_fit"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A child that shares at least one key with the event."""

    child_id: UUID
    known: KnownAs = field(repr=False)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, why, and whom it is about (one child, or those a person must choose from)."""

    answer: Answer
    reason: Reason
    children: tuple[UUID, ...] = ()


def decide(claim: KnownAs, candidates: Sequence[Candidate]) -> Decision:
    """Answer for one event."""
    sure: list[tuple[UUID, Reason]] = []
    near: list[tuple[UUID, Reason]] = []
    for candidate in candidates:
        answer, reason = _compare(claim, candidate.known)
        if answer is Answer.SAME:
            sure.append((candidate.child_id, reason))
        elif answer is Answer.ASK:
            near.append((candidate.child_id, reason))
    if len(sure) == 1:
        return Decision(Answer.SAME, sure[0][1], (sure[0][0],))
    if sure:
        return Decision(Answer.ASK, Reason.SEVERAL_CHILDREN_FIT, _ordered(sure))
    if near:
        reason = near[0][1] if len(near) == 1 else Reason.SEVERAL_CHILDREN_FIT
        return Decision(Answer.ASK, reason, _ordered(near))
    if _enough(claim):
        return Decision(Answer.NEW, Reason.NOBODY_NEAR)
    return Decision(Answer.ASK, Reason.TOO_LITTLE_SAID)


class _Agreement(StrEnum):
    YES = "yes"
    NO = "no"
    MISSING = "missing"


def _compare(claim: KnownAs, known: KnownAs) -> tuple[Answer, Reason]:
    number = _numbers(claim, known)
    given = _any_equal([g for g, _ in claim.names], [g for g, _ in known.names])
    family = _any_equal([f for _, f in claim.names], [f for _, f in known.names])
    born = _dates(claim.born, known.born)
    place = _any_equal(claim.postcodes, known.postcodes)
    if number is _Agreement.YES:
        return _number_agrees(given, family, born)
    agree = _Agreement.YES
    if number is _Agreement.NO:
        if _Agreement.NO in {given, family, born}:
            return Answer.NEW, Reason.NOBODY_NEAR
        return Answer.ASK, Reason.DETAILS_AGREE_NUMBER_DIFFERS
    if _any_equal(claim.local_ids, known.local_ids) is agree and _supports(given, family, born):
        return Answer.SAME, Reason.LOCAL_ID_AGREES
    if given is agree and family is agree and born is agree and place is agree:
        return Answer.SAME, Reason.NAME_BORN_PLACE_AGREE
    return _near(given, family, born, place)


def _number_agrees(
    given: _Agreement, family: _Agreement, born: _Agreement
) -> tuple[Answer, Reason]:
    if given is _Agreement.NO:
        return Answer.ASK, Reason.NUMBER_AGREES_GIVEN_DIFFERS
    if _supports(given, family, born):
        return Answer.SAME, Reason.NUMBER_AGREES
    return Answer.ASK, Reason.NUMBER_AGREES_NOTHING_ELSE


def _supports(given: _Agreement, family: _Agreement, born: _Agreement) -> bool:
    if given is _Agreement.NO:
        return False
    return born is _Agreement.YES or (given is _Agreement.YES and family is _Agreement.YES)


def _near(
    given: _Agreement, family: _Agreement, born: _Agreement, place: _Agreement
) -> tuple[Answer, Reason]:
    no = _Agreement.NO
    differs = [part is no for part in (given, family, born)]
    elsewhere = place is no and born is not no
    if sum(differs) > 1 or (any(differs) and elsewhere):
        return Answer.NEW, Reason.NOBODY_NEAR
    if born is no:
        return Answer.ASK, Reason.BIRTH_DATE_DIFFERS
    if given is no:
        return Answer.ASK, Reason.SIBLING_OR_TWIN
    if family is no:
        return Answer.ASK, Reason.FAMILY_NAME_DIFFERS
    return Answer.ASK, Reason.NAME_AND_BIRTH_ONLY


def _numbers(claim: KnownAs, known: KnownAs) -> _Agreement:
    nhs = _any_equal(claim.nhs_numbers, known.nhs_numbers)
    upn = _any_equal(claim.upns, known.upns)
    if _Agreement.NO in {nhs, upn}:
        # One number that differs outweighs another that agrees: a person must look.
        return _Agreement.NO
    return _Agreement.YES if _Agreement.YES in {nhs, upn} else _Agreement.MISSING


def _dates(mine: Sequence[str], theirs: Sequence[str]) -> _Agreement:
    if not mine or not theirs:
        return _Agreement.MISSING
    if set(mine) & set(theirs):
        return _Agreement.YES
    coarse = any(a.startswith(b) or b.startswith(a) for a in mine for b in theirs)
    return _Agreement.MISSING if coarse else _Agreement.NO


def _any_equal(mine: Sequence[str], theirs: Sequence[str]) -> _Agreement:
    ours = {value for value in mine if value}
    others = {value for value in theirs if value}
    if not ours or not others:
        return _Agreement.MISSING
    return _Agreement.YES if ours & others else _Agreement.NO


def _enough(claim: KnownAs) -> bool:
    named = any(given and family for given, family in claim.names)
    numbered = bool(claim.nhs_numbers or claim.upns)
    return (named and bool(claim.born)) or (numbered and (named or bool(claim.born)))


def _ordered(found: Sequence[tuple[UUID, Reason]]) -> tuple[UUID, ...]:
    return tuple(sorted(child for child, _ in found))
