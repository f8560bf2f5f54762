"""What findings mean for the alerts that stand already; pure.

One live alert for each rule and child. New evidence grows it; a correction marks it
withdrawn, and a person still closes it. What a person closed opens again only for
evidence they had not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from broker.model.finding import Finding
from broker.routing.store import Standing

CLOSED = "closed"


class Change(StrEnum):
    """What must happen to an alert."""

    OPEN = "open"
    UPDATE = "update"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Due:
    """One change: the finding behind it (none when withdrawn) and the alert it changes."""

    change: Change
    rule: str
    finding: Finding | None = field(default=None, repr=False)
    alert: Standing | None = None


def reconcile(
    findings: Sequence[Finding], standing: Sequence[Standing], *, corrected: bool
) -> list[Due]:
    """Compare one child's findings with its alerts.

    Args:
        findings: What the rules find now.
        standing: The child's alerts, oldest first.
        corrected: Whether evidence was struck out in this batch.
    """
    due: list[Due] = []
    for finding in findings:
        alerts = [alert for alert in standing if alert.rule == finding.rule]
        live = [alert for alert in alerts if alert.state != CLOSED]
        if not live:
            seen = frozenset().union(*(alert.evidence for alert in alerts))
            if not finding.events <= seen:
                due.append(Due(Change.OPEN, finding.rule, finding))
        elif live[-1].evidence != finding.events or live[-1].withdrawn:
            due.append(Due(Change.UPDATE, finding.rule, finding, live[-1]))
    if corrected:
        found = {finding.rule for finding in findings}
        due += [
            Due(Change.WITHDRAW, alert.rule, None, alert)
            for alert in standing
            if alert.state != CLOSED and not alert.withdrawn and alert.rule not in found
        ]
    return due
