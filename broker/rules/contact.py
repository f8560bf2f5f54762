"""Repeat "no further action": review by someone new (theme 2)."""

from broker.model.case import Case
from broker.model.fact import FactKind
from broker.model.finding import Audience, Clock, Finding, Lane
from broker.rules.threshold import Threshold
from broker.rules.window import number, within

RULE = "contact.repeat_nfa"


def repeat_nfa(case: Case, threshold: Threshold) -> Finding | None:
    """Find contacts of one category closed again and again with no further action."""
    days = threshold["window_days"]
    closed = within(case.of(FactKind.CONTACT_NFA), today=case.today, days=days)
    for category in dict.fromkeys(fact.category for fact in reversed(closed)):
        same = tuple(fact for fact in closed if fact.category == category)
        if len({fact.episode for fact in same}) < threshold["contacts_min"]:
            continue
        deciders = {fact.by for fact in same if fact.by}
        by_one = " All were decided by the same person." if len(deciders) == 1 else ""
        return Finding(
            rule=RULE,
            version=threshold.version,
            lane=Lane.CONCERN,
            audience=Audience.OTHER_MANAGER,
            clock=Clock.ONE_WORKING_DAY,
            sentence=(
                f"Repeat no further action: {number(len(same))} contacts of the same kind were "
                f"closed with no further action in {days} days.{by_one} "
                "Review by someone who made none of those decisions."
            ),
            evidence=same,
            threshold=(
                f"At least {number(threshold['contacts_min'])} contacts of one category closed "
                f"with no further action in {days} days"
            ),
            threshold_source=threshold.source,
            not_known=("What each decision maker knew of the contacts before",),
            clears_when="a contact leads to an assessment, or the contacts fall out of the window",
        )
    return None
