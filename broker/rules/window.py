"""Windows of days and distinct episodes; pure, shared by the rules."""

from collections.abc import Sequence
from datetime import date, timedelta

from broker.model.fact import Fact


def within(facts: Sequence[Fact], *, today: date, days: int) -> tuple[Fact, ...]:
    """Keep the facts of the last `days` days; a day in the future is kept, it was reported."""
    first = today - timedelta(days=days)
    return tuple(fact for fact in facts if fact.day > first)


def episodes(facts: Sequence[Fact]) -> int:
    """Count distinct episodes: several records of one incident are one (rule (d))."""
    return len({fact.episode for fact in facts})


def agencies(facts: Sequence[Fact]) -> tuple[str, ...]:
    """Name the agencies that reported, in order of first report."""
    return tuple(dict.fromkeys(fact.agency for fact in facts))


def number(count: int) -> str:
    """Write a small number as people do."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return words[count] if 0 <= count < len(words) else str(count)
