"""The rule book: every rule, in the order in which findings are listed; pure."""

from collections.abc import Callable, Mapping

from broker.errors import SettingsError
from broker.model.case import Case
from broker.model.finding import Finding
from broker.rules import contact, domestic_abuse, exclusion, hardship, health, missing, neglect
from broker.rules.threshold import Threshold

Rule = Callable[[Case, Threshold], Finding | None]

RULES: Mapping[str, Rule] = {
    domestic_abuse.RULE: domestic_abuse.child_present,
    exclusion.RULE: exclusion.critical_moment,
    missing.RULE: missing.episode,
    neglect.RULE: neglect.accumulating,
    contact.RULE: contact.repeat_nfa,
    health.RULE: health.was_not_brought,
    hardship.RULE: hardship.offer_help,
}


class RuleBook:
    """Rules joined to their thresholds."""

    def __init__(self, thresholds: Mapping[str, Threshold]) -> None:
        """Join them.

        Raises:
            SettingsError: A rule has no threshold file: it would guess.
        """
        missing_files = sorted(set(RULES) - set(thresholds))
        if missing_files:
            msg = f"no threshold file for {', '.join(missing_files)}: see docs/rules.md"
            raise SettingsError(msg)
        self.thresholds = thresholds

    def findings(self, case: Case) -> list[Finding]:
        """Ask every rule about one child."""
        found = (rule(case, self.thresholds[name]) for name, rule in RULES.items())
        return [finding for finding in found if finding is not None]
