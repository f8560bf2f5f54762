"""Hardship: an offer of help, in a lane of its own that never counts towards a concern (1b)."""

from broker.model.case import Case
from broker.model.fact import FactKind
from broker.model.finding import Audience, Clock, Finding, Lane
from broker.rules.threshold import Threshold
from broker.rules.window import episodes, number, within

RULE = "hardship.offer_help"


def offer_help(case: Case, threshold: Threshold) -> Finding | None:
    """Find signs of hardship that help could answer."""
    days = threshold["window_days"]
    facts = within(case.of(FactKind.HARDSHIP), today=case.today, days=days)
    if episodes(facts) < threshold["signs_min"]:
        return None
    return Finding(
        rule=RULE,
        version=threshold.version,
        lane=Lane.HELP,
        audience=Audience.LEAD,
        clock=Clock.THREE_WORKING_DAYS,
        sentence=(
            f"{number(episodes(facts)).capitalize()} signs of hardship in {days} days. Offer "
            "family help and income support. This is not a concern about care."
        ),
        evidence=facts,
        threshold=(f"At least {number(threshold['signs_min'])} signs of hardship in {days} days"),
        threshold_source=threshold.source,
        not_known=("What help the family has already",),
        clears_when="help is offered",
    )
