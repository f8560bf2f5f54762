"""The sharing agreement: who may know what of whom. When in doubt the answer is no; pure.

Existence (that an agency holds something) and content (what it says) are two answers, and
existence can itself be sensitive. Every decision carries the agreement's version.
"""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from broker.errors import SettingsError
from broker.model.fact import Fact
from schemas.messages import Disclosure

Sector = Literal["police", "health", "education", "social_care"]


class Clause(BaseModel):
    """One permission: facts of these kinds, from one sector, to another, this much."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Sector
    recipient: Sector
    kinds: Annotated[tuple[str, ...], Field(min_length=1)]
    """Fact kinds, or `*` for every kind."""
    disclose: Disclosure


class Agreement(BaseModel):
    """A signed agreement between agencies, as data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    reference: str
    valid_from: date
    valid_to: date
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Sharing:
    """Answers questions from one agreement."""

    agreement: Agreement

    def may(self, fact: Fact, *, source: str, recipient: str, today: date) -> Disclosure | None:
        """Say how much of a fact a sector may know; None is no.

        Its own agency's sector always knows what it said itself.
        """
        return self.may_kinds({fact.kind}, source=source, recipient=recipient, today=today)

    def may_kinds(
        self, kinds: Collection[str], *, source: str, recipient: str, today: date
    ) -> Disclosure | None:
        """Say how much of an event with these kinds of facts a sector may know; None is no.

        An event of several kinds is disclosed only as far as the strictest of them.
        """
        if source == recipient:
            return Disclosure.CONTENT
        modes = [self._granted(kind, source, recipient, today) for kind in kinds]
        if not modes or None in modes:
            return None
        everything = all(mode is Disclosure.CONTENT for mode in modes)
        return Disclosure.CONTENT if everything else Disclosure.EXISTENCE

    def _granted(self, kind: str, source: str, recipient: str, today: date) -> Disclosure | None:
        if not self.agreement.valid_from <= today <= self.agreement.valid_to:
            return None
        granted = {
            clause.disclose
            for clause in self.agreement.clauses
            if clause.source == source
            and clause.recipient == recipient
            and ("*" in clause.kinds or kind in clause.kinds)
        }
        if Disclosure.CONTENT in granted:
            return Disclosure.CONTENT
        return Disclosure.EXISTENCE if granted else None


def load(path: Path) -> Sharing:
    """Read an agreement file.

    Raises:
        SettingsError: It is missing or malformed; nothing would be shared on a guess.
    """
    try:
        return Sharing(Agreement.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        msg = f"sharing agreement {path.name}: {type(error).__name__}; see docs/operations.md"
        raise SettingsError(msg) from None
