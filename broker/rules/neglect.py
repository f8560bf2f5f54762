"""Accumulating neglect: no single report met a threshold, together they do (theme 1)."""

from broker.model.case import Case
from broker.model.fact import FactKind
from broker.model.finding import Audience, Clock, Finding, Lane
from broker.rules.threshold import Threshold
from broker.rules.window import agencies, episodes, number, within

RULE = "neglect.accumulating"


def accumulating(case: Case, threshold: Threshold) -> Finding | None:
    """Find neglect indicators that add up across agencies while no plan is open."""
    days = threshold["window_days"]
    facts = within(case.of(FactKind.NEGLECT), today=case.today, days=days)
    count, reporters = episodes(facts), agencies(facts)
    if (
        case.plan_is_open
        or count < threshold["episodes_min"]
        or len(reporters) < threshold["agencies_min"]
    ):
        return None
    return Finding(
        rule=RULE,
        version=threshold.version,
        lane=Lane.CONCERN,
        audience=Audience.LEAD,
        clock=Clock.ONE_WORKING_DAY,
        sentence=(
            f"Accumulating neglect indicators: {number(count)} separate episodes from "
            f"{number(len(reporters))} agencies in {days} days, and no open plan. "
            "No single report met a threshold."
        ),
        evidence=facts,
        threshold=(
            f"At least {number(threshold['episodes_min'])} episodes from at least "
            f"{number(threshold['agencies_min'])} agencies in {days} days, with no open plan"
        ),
        threshold_source=threshold.source,
        not_known=(
            "Whether an agency that has reported nothing has seen nothing",
            "Whether hardship is the cause: signs of hardship are never counted here",
        ),
        clears_when="a plan opens, or the episodes fall outside the window or are corrected",
    )
