"""Thresholds as data: a number is policy, with an owner, a source and a review date."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

from broker.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Threshold:
    """The numbers of one rule, and who answers for them."""

    rule: str
    version: str
    owner: str
    review_date: date
    source: str
    rationale: str
    values: Mapping[str, int]
    """Counts and days, by name; the unit is in the name."""

    def __getitem__(self, name: str) -> int:
        """Give one number by name."""
        return self.values[name]


def load(folder: Path | None = None) -> dict[str, Threshold]:
    """Load every rule's thresholds; a partnership's own folder stands before ours.

    Raises:
        SettingsError: A file is malformed or lacks its owner, source or review date.
    """
    found: dict[str, Threshold] = {}
    builtin = files("broker.rules") / "thresholds"
    texts = [(e.name, e.read_text(encoding="utf-8")) for e in builtin.iterdir()]
    if folder is not None:
        texts += [(p.name, p.read_text(encoding="utf-8")) for p in sorted(folder.glob("*.toml"))]
    for name, text in texts:
        if name.endswith(".toml"):
            threshold = _read(name, text)
            found[threshold.rule] = threshold
    return found


def _read(name: str, text: str) -> Threshold:
    try:
        body = tomllib.loads(text)
        return Threshold(
            rule=str(body["rule"]),
            version=str(body["version"]),
            owner=str(body["owner"]),
            review_date=_as_date(body["review_date"]),
            source=str(body["source"]),
            rationale=str(body["rationale"]),
            values={key: int(value) for key, value in body["values"].items()},
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        msg = f"threshold file {name}: {type(error).__name__} at {error}: see docs/rules.md"
        raise SettingsError(msg) from None


def _as_date(value: object) -> date:
    if not isinstance(value, date):
        msg = "review_date"
        raise TypeError(msg)
    return value
