"""When an answer is due; pure. England's working days, Europe/London's clock.

Sources: timers T01-T03, T15, T38, T40. Values are a partnership's policy; these are the
defaults of `domain/timers`.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from broker.model.finding import Clock

LONDON = ZoneInfo("Europe/London")
SCHOOL_BELL = time(8, 30)
CLOSE_OF_DAY = time(17, 0)
SATURDAY = 5


def due_at(clock: Clock, *, now: datetime) -> datetime:
    """Turn a clock into an instant, counted from now."""
    if clock is Clock.FOUR_HOURS:
        return now + timedelta(hours=4)
    if clock is Clock.DAY:
        return now + timedelta(hours=24)
    if clock is Clock.BEFORE_SCHOOL:
        return next_bell(now)
    return _working_days_on(now, 1 if clock is Clock.ONE_WORKING_DAY else 3)


def next_bell(now: datetime) -> datetime:
    """The start of the next school day. Terms are not known: every working day counts.

    A school that is closed reads it late; one that is open is never told late.
    """
    local = now.astimezone(LONDON)
    day = local.date()
    if local.time() >= SCHOOL_BELL or not _works(day):
        day += timedelta(days=1)
    while not _works(day):
        day += timedelta(days=1)
    return datetime.combine(day, SCHOOL_BELL, LONDON)


def _working_days_on(now: datetime, count: int) -> datetime:
    day = now.astimezone(LONDON).date()
    while count:
        day += timedelta(days=1)
        if _works(day):
            count -= 1
    return datetime.combine(day, CLOSE_OF_DAY, LONDON)


def _works(day: date) -> bool:
    return day.weekday() < SATURDAY and day not in _bank_holidays(day.year)


@lru_cache(maxsize=16)
def _bank_holidays(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("GB", subdiv="ENG", years=year)
