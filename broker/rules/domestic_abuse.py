"""Domestic abuse with a child present: the school knows before the bell (Encompass)."""

from broker.model.case import Case
from broker.model.fact import FactKind
from broker.model.finding import Audience, Clock, Finding, Lane
from broker.rules.threshold import Threshold
from broker.rules.window import within

RULE = "domestic_abuse.child_present"


def child_present(case: Case, threshold: Threshold) -> Finding | None:
    """Find the latest domestic abuse incident with the child present."""
    facts = within(
        case.of(FactKind.DOMESTIC_ABUSE), today=case.today, days=threshold["window_days"]
    )
    if not facts:
        return None
    latest = tuple(fact for fact in facts if fact.episode == facts[-1].episode)
    return Finding(
        rule=RULE,
        version=threshold.version,
        lane=Lane.CONCERN,
        audience=Audience.SCHOOL,
        clock=Clock.BEFORE_SCHOOL,
        sentence=(
            "The police attended domestic abuse and this child was there. "
            "Be ready for the child at the start of the school day; do not tell the parents."
        ),
        evidence=latest,
        threshold="One incident with the child present",
        threshold_source=threshold.source,
        not_known=("How the child is this morning",),
        clears_when="the police correct or withdraw the incident",
    )
