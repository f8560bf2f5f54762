"""What sources have called one child: bounded, sealed at rest, compared in memory; pure."""

import json
from dataclasses import dataclass, field, replace
from typing import TypeVar

from broker.identity.normalise import folded, given_name
from schemas.person import ChildClaim, Protection

_T = TypeVar("_T")

VALUES_MAX = 12
"""Names, dates, postcodes or numbers kept of each kind; the newest stay."""


@dataclass(frozen=True, slots=True)
class KnownAs:
    """Every claim held about who a child is, in comparable form. Personal: never shown in repr."""

    names: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    born: tuple[str, ...] = field(default=(), repr=False)
    postcodes: tuple[str, ...] = field(default=(), repr=False)
    nhs_numbers: tuple[str, ...] = field(default=(), repr=False)
    upns: tuple[str, ...] = field(default=(), repr=False)
    local_ids: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, claim: ChildClaim, *, agency: str) -> "KnownAs":
        """Take what one source says."""
        names = [
            (given_name(name.given), folded(name.family)) for name in (claim.name, *claim.aliases)
        ]
        address = claim.address
        usable = address is not None and address.protection is Protection.NONE
        postcode = address.postcode if address is not None and usable else None
        return cls(
            names=tuple(dict.fromkeys(name for name in names if any(name))),
            born=(str(claim.born),) if claim.born else (),
            postcodes=(str(postcode),) if postcode else (),
            nhs_numbers=(str(claim.nhs_number),) if claim.nhs_number else (),
            upns=(str(claim.upn),) if claim.upn else (),
            local_ids=tuple(f"{agency}|{local.system}|{local.value}" for local in claim.local_ids),
        )

    def with_(self, other: "KnownAs") -> "KnownAs":
        """Add what another source says, the newest first, each kind bounded."""
        if other.within(self):
            return self
        return replace(
            self,
            names=_newest(other.names, self.names),
            born=_newest(other.born, self.born),
            postcodes=_newest(other.postcodes, self.postcodes),
            nhs_numbers=_newest(other.nhs_numbers, self.nhs_numbers),
            upns=_newest(other.upns, self.upns),
            local_ids=_newest(other.local_ids, self.local_ids),
        )

    def within(self, other: "KnownAs") -> bool:
        """Tell whether every claim here is among the other's."""
        return all(
            set(mine) <= set(theirs)
            for mine, theirs in (
                (self.names, other.names),
                (self.born, other.born),
                (self.postcodes, other.postcodes),
                (self.nhs_numbers, other.nhs_numbers),
                (self.upns, other.upns),
                (self.local_ids, other.local_ids),
            )
        )

    def to_bytes(self) -> bytes:
        """Write the form that is sealed."""
        return json.dumps(
            [
                self.names,
                self.born,
                self.postcodes,
                self.nhs_numbers,
                self.upns,
                self.local_ids,
            ],
            separators=(",", ":"),
        ).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "KnownAs":
        """Read the form that was sealed."""
        names, born, postcodes, nhs_numbers, upns, local_ids = json.loads(data)
        return cls(
            names=tuple((given, family) for given, family in names),
            born=tuple(born),
            postcodes=tuple(postcodes),
            nhs_numbers=tuple(nhs_numbers),
            upns=tuple(upns),
            local_ids=tuple(local_ids),
        )


def _newest(new: tuple[_T, ...], old: tuple[_T, ...]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys((*new, *old)))[:VALUES_MAX]
