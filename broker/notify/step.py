"""What happens next to an alert nobody has answered; pure.

Half of the time gone: a reminder. All of it gone: the deputy, the manager, the front door,
each in turn, and then the last again and again: an alert never falls silent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

ESCALATE_EVERY = timedelta(minutes=30)
REPEAT_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Next:
    """Whom to tell, how, and when to look again."""

    recipient: str
    kind: str
    step: int
    next_step_at: datetime


def next_step(chain: Sequence[str], *, step: int, due_at: datetime, now: datetime) -> Next:
    """Decide the next step.

    Args:
        chain: Holder, deputy, manager, front door; never empty.
        step: How many steps were taken before.
        due_at: When an answer was due.
        now: The moment of deciding.
    """
    if step == 0 and now < due_at:
        return Next(chain[0], "reminder", 1, due_at)
    passed_on = max(step, 1)
    last = len(chain) - 1
    wait = ESCALATE_EVERY if passed_on < last else REPEAT_EVERY
    return Next(chain[min(passed_on, last)], "escalation", passed_on + 1, now + wait)
