"""The picture does not depend on the order of arrival, and rules fire at their thresholds."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.model.case import Case
from broker.model.fact import Fact, FactKind
from broker.model.finding import Lane
from broker.picture.picture import Step, fold, from_bytes, to_bytes
from broker.rules import threshold
from broker.rules.book import RuleBook

TODAY = date(2026, 3, 30)
BOOK = RuleBook(threshold.load(None))


def _fact(
    kind: FactKind, days_ago: int, number: int, agency: str = "police", category: str = "x"
) -> Fact:
    return Fact(
        kind=kind,
        day=TODAY - timedelta(days=days_ago),
        agency=agency,
        event_id=UUID(int=number),
        episode=f"e{number}",
        category=category,
    )


FACTS = st.builds(
    _fact,
    st.sampled_from(list(FactKind)),
    st.integers(0, 400),
    st.integers(1, 10_000),
    st.sampled_from(["police", "health", "school"]),
)


def _rules(*facts: Fact, plan: bool = False) -> set[str]:
    case = Case(facts=tuple(facts), plan_is_open=plan, has_lead=True, today=TODAY)
    return {finding.rule for finding in BOOK.findings(case)}


@given(st.lists(FACTS, max_size=30, unique_by=lambda fact: fact.event_id), st.randoms())
def test_the_order_of_arrival_never_changes_a_picture(facts: list[Fact], random: object) -> None:
    steps = [Step(agency=f.agency, day=f.day, facts=(f,)) for f in facts]
    shuffled = list(steps)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a Random
    assert fold(shuffled) == fold(steps)
    assert from_bytes(to_bytes(fold(steps))) == fold(steps)


def test_a_long_history_stays_small() -> None:
    def size(count: int) -> int:
        steps = (
            Step(agency="police", day=TODAY, facts=(_fact(FactKind.NEGLECT, n % 80, n),))
            for n in range(1, count)
        )
        return len(to_bytes(fold(steps)))

    assert size(5000) <= size(500) * 1.1


def _neglect(*agencies: str) -> Sequence[Fact]:
    return [_fact(FactKind.NEGLECT, 10 + n, n + 1, agency) for n, agency in enumerate(agencies)]


def test_neglect_needs_three_episodes_from_two_agencies_and_no_open_plan() -> None:
    rule = "neglect.accumulating"
    assert rule not in _rules(*_neglect("police", "health"))
    assert rule not in _rules(*_neglect("police", "police", "police"))
    assert rule in _rules(*_neglect("police", "police", "health"))
    assert rule not in _rules(*_neglect("police", "police", "health"), plan=True)


@pytest.mark.parametrize(("days", "raised"), [(89, True), (90, False)])
def test_neglect_counts_ninety_days_and_today_is_one(days: int, *, raised: bool) -> None:
    old = _fact(FactKind.NEGLECT, days, 99, "health")
    assert ("neglect.accumulating" in _rules(*_neglect("police", "police"), old)) is raised


def test_two_closed_contacts_are_not_three() -> None:
    closed = [_fact(FactKind.CONTACT_NFA, n, n, category="neglect") for n in (1, 2, 3)]
    assert "contact.repeat_nfa" not in _rules(*closed[:2])
    assert "contact.repeat_nfa" in _rules(*closed)


def test_contacts_of_another_kind_are_not_counted_together() -> None:
    kinds = ("neglect", "neglect", "housing")
    closed = [_fact(FactKind.CONTACT_NFA, n, n, category=kinds[n - 1]) for n in (1, 2, 3)]
    assert "contact.repeat_nfa" not in _rules(*closed)


def test_one_permanent_exclusion_is_enough_and_one_suspension_is_not() -> None:
    assert "exclusion.critical_moment" in _rules(_fact(FactKind.EXCLUSION, 1, 1))
    assert "exclusion.critical_moment" not in _rules(_fact(FactKind.SUSPENSION, 1, 1))


@given(st.lists(FACTS, max_size=20), st.lists(st.integers(0, 80), min_size=1, max_size=6))
def test_hardship_never_counts_towards_a_concern(facts: list[Fact], days: list[int]) -> None:
    plain = [fact for fact in facts if fact.kind is not FactKind.HARDSHIP]
    hard = [_fact(FactKind.HARDSHIP, day, 20_000 + n) for n, day in enumerate(days)]

    def concerns(held: Sequence[Fact]) -> list[object]:
        case = Case(facts=tuple(held), plan_is_open=False, has_lead=True, today=TODAY)
        return [finding for finding in BOOK.findings(case) if finding.lane is Lane.CONCERN]

    assert concerns(plain) == concerns([*plain, *hard])


def test_every_finding_says_why_and_from_where() -> None:
    facts = [*_neglect("police", "police", "health"), _fact(FactKind.EXCLUSION, 1, 50)]
    case = Case(facts=tuple(facts), plan_is_open=False, has_lead=True, today=TODAY)
    found = BOOK.findings(case)
    assert found
    for finding in found:
        assert finding.evidence
        assert finding.threshold_source
        assert finding.threshold
        assert "score" not in finding.sentence.lower()
