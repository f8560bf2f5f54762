"""Published code lists, one data file each, with source and edition."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class CodeList:
    """A list as its publisher wrote it; `doubt` names what is not yet checked against it."""

    name: str
    title: str
    source: str
    edition: str
    doubt: str
    codes: Mapping[str, str]


@cache
def load(name: str) -> CodeList:
    """Load one list by name."""
    body = tomllib.loads((files("schemas.codes") / f"{name}.toml").read_text(encoding="utf-8"))
    return CodeList(
        name=name,
        title=body["title"],
        source=body["source"],
        edition=body["edition"],
        doubt=body.get("doubt", ""),
        codes=body["codes"],
    )


def code_of(name: str) -> Callable[[str], str]:
    """Make a validator that accepts the codes of one list and quotes no other value."""
    codes = load(name).codes

    def check(code: str) -> str:
        if code not in codes:
            msg = f"not a code of the list {name}"
            raise ValueError(msg)
        return code

    return check
