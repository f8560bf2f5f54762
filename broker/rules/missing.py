"""A missing episode: ask where and why, within 72 hours of being found."""

from broker.model.case import Case
from broker.model.fact import FactKind
from broker.model.finding import Audience, Clock, Finding, Lane
from broker.rules.threshold import Threshold
from broker.rules.window import episodes, number, within

RULE = "missing.episode"


def episode(case: Case, threshold: Threshold) -> Finding | None:
    """Find missing episodes, and say when they repeat."""
    days = threshold["window_days"]
    facts = within(case.of(FactKind.MISSING), today=case.today, days=days)
    count = episodes(facts)
    if count < threshold["episodes_min"]:
        return None
    repeat = count >= threshold["repeat_min"]
    times = f"{number(count)} times in {days} days" if repeat else "once"
    return Finding(
        rule=RULE,
        version=threshold.version,
        lane=Lane.CONCERN,
        audience=Audience.LEAD,
        clock=Clock.FOUR_HOURS if repeat else Clock.DAY,
        sentence=(
            f"Reported missing {times}. A return interview is due within 72 hours of the child "
            "being found."
        ),
        evidence=facts,
        threshold=(
            f"Any episode; {number(threshold['repeat_min'])} in {days} days shorten the time to "
            "answer"
        ),
        threshold_source=threshold.source,
        not_known=("Where the child was, and with whom, unless the police have said",),
        clears_when="the report is withdrawn; a return interview does not withdraw it",
    )
