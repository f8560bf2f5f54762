"""Same, new, or ask a person: never a silent guess."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from broker.identity.decide import Answer, Candidate, decide
from broker.identity.known import KnownAs

ADA = KnownAs(
    names=(("ada", "penrose"),),
    born=("2019-07-15",),
    nhs_numbers=("9990000018",),
    postcodes=("ZZ99 3GZ",),
)
IDA = replace(ADA, names=(("ida", "penrose"),), nhs_numbers=("9990000026",))
ONE, TWO = UUID(int=1), UUID(int=2)

NAMES = st.sampled_from([(), (("ada", "penrose"),), (("ida", "penrose"),), (("", "penrose"),)])
BORN = st.sampled_from([(), ("2019-07-15",), ("2019",), ("2018-01-01",)])
NUMBERS = st.sampled_from([(), ("9990000018",), ("9990000026",)])
PLACES = st.sampled_from([(), ("ZZ99 3GZ",), ("ZZ99 3AZ",)])
CLAIMS = st.builds(KnownAs, names=NAMES, born=BORN, nhs_numbers=NUMBERS, postcodes=PLACES)


def test_number_with_birth_and_name_is_the_same_child() -> None:
    assert decide(ADA, [Candidate(ONE, ADA)]).answer is Answer.SAME


def test_a_number_alone_is_never_enough() -> None:
    alone = KnownAs(nhs_numbers=ADA.nhs_numbers)
    assert decide(alone, [Candidate(ONE, ADA)]).answer is Answer.ASK


def test_a_twin_with_her_own_number_is_another_child() -> None:
    assert decide(IDA, [Candidate(ONE, ADA)]).answer is Answer.NEW


def test_a_twin_under_the_other_twins_number_is_asked() -> None:
    swapped = replace(IDA, nhs_numbers=ADA.nhs_numbers)
    assert decide(swapped, [Candidate(ONE, ADA)]).answer is Answer.ASK


def test_a_twin_whose_given_name_is_not_said_is_asked() -> None:
    claim = replace(ADA, names=(("", "penrose"),), nhs_numbers=())
    decision = decide(claim, [Candidate(ONE, ADA), Candidate(TWO, IDA)])
    assert decision.answer is Answer.ASK
    assert set(decision.children) == {ONE, TWO}


def test_nobody_near_and_too_little_said_is_asked() -> None:
    assert decide(KnownAs(born=("2019-07-15",)), []).answer is Answer.ASK


@given(CLAIMS, CLAIMS, CLAIMS)
def test_the_order_of_candidates_never_matters(
    claim: KnownAs, first: KnownAs, second: KnownAs
) -> None:
    there = decide(claim, [Candidate(ONE, first), Candidate(TWO, second)])
    back = decide(claim, [Candidate(TWO, second), Candidate(ONE, first)])
    assert (there.answer, there.children) == (back.answer, back.children)


@given(CLAIMS, CLAIMS)
def test_it_is_never_the_same_child_when_given_names_differ(claim: KnownAs, known: KnownAs) -> None:
    mine = {given for given, _ in claim.names if given}
    theirs = {given for given, _ in known.names if given}
    if mine and theirs and not mine & theirs:
        assert decide(claim, [Candidate(ONE, known)]).answer is not Answer.SAME


@given(CLAIMS, CLAIMS)
def test_two_children_who_both_fit_are_never_chosen_between(claim: KnownAs, known: KnownAs) -> None:
    answer = decide(claim, [Candidate(ONE, known), Candidate(TWO, known)]).answer
    assert answer is not Answer.SAME
