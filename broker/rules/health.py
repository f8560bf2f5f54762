"""Was not brought: an appointment a child could not keep alone (theme 21)."""

from broker.model.case import Case
from broker.model.fact import FactKind
from broker.model.finding import Audience, Clock, Finding, Lane
from broker.rules.threshold import Threshold
from broker.rules.window import episodes, number, within

RULE = "health.was_not_brought"
SAFEGUARDING = "safeguarding"
"""The category of an appointment that mattered for safeguarding."""


def was_not_brought(case: Case, threshold: Threshold) -> Finding | None:
    """Find missed appointments that repeat, or one that mattered."""
    days = threshold["window_days"]
    facts = within(case.of(FactKind.WAS_NOT_BROUGHT), today=case.today, days=days)
    count = episodes(facts)
    mattered = any(fact.category == SAFEGUARDING for fact in facts)
    if count < threshold["appointments_min"] and not mattered:
        return None
    word = "appointment" if count == 1 else "appointments"
    return Finding(
        rule=RULE,
        version=threshold.version,
        lane=Lane.CONCERN,
        audience=Audience.LEAD,
        clock=Clock.THREE_WORKING_DAYS,
        sentence=f"Was not brought to {number(count)} health {word} in {days} days.",
        evidence=facts,
        threshold=(
            f"{number(threshold['appointments_min']).capitalize()} missed appointments in {days} "
            "days, or one that mattered for safeguarding"
        ),
        threshold_source=threshold.source,
        not_known=("Why the child was not brought", "Whether the appointment letter arrived"),
        clears_when="the appointments are corrected or fall outside the window",
    )
