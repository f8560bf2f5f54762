"""Exclusion as the critical moment: somebody rings within a day (theme 28)."""

from broker.model.case import Case
from broker.model.fact import FactKind
from broker.model.finding import Audience, Clock, Finding, Lane
from broker.rules.threshold import Threshold
from broker.rules.window import episodes, number, within

RULE = "exclusion.critical_moment"


def critical_moment(case: Case, threshold: Threshold) -> Finding | None:
    """Find a permanent exclusion, repeated suspensions, or many suspended days."""
    days = threshold["window_days"]
    facts = within(case.of(FactKind.SUSPENSION, FactKind.EXCLUSION), today=case.today, days=days)
    suspensions = [fact for fact in facts if fact.kind is FactKind.SUSPENSION]
    excluded = len(suspensions) < len(facts)
    suspended_days = sum(fact.amount for fact in suspensions)
    repeated = episodes(suspensions) >= threshold["suspensions_min"]
    if not (excluded or repeated or suspended_days > threshold["suspended_days_over"]):
        return None
    what = (
        "a permanent exclusion"
        if excluded
        else f"{number(episodes(suspensions))} suspensions, {suspended_days:g} days in all,"
    )
    return Finding(
        rule=RULE,
        version=threshold.version,
        lane=Lane.CONCERN,
        audience=Audience.LEAD,
        clock=Clock.DAY,
        sentence=(
            f"Critical moment: {what} in the last {days} days. "
            "A trusted adult should speak to the child within 24 hours."
        ),
        evidence=facts,
        threshold=(
            f"A permanent exclusion, {number(threshold['suspensions_min'])} suspensions, or more "
            f"than {number(threshold['suspended_days_over'])} suspended days, in {days} days"
        ),
        threshold_source=threshold.source,
        not_known=("Whom the child trusts", "Where the child is during school hours"),
        clears_when="the evidence is corrected; a critical moment does not clear by itself",
    )
