"""Every way the contract can be broken, one class per thing a caller does differently.

Messages never hold a value from a record: what is wrong and what to do, nothing else.
"""

from typing import ClassVar


class FullpictureError(Exception):
    """Anything of ours that went wrong; `code` is stable and safe to log."""

    code: ClassVar[str] = "fullpicture"


class ContractError(FullpictureError):
    """What was given does not keep the contract."""

    code: ClassVar[str] = "contract"


class InvalidIdentifierError(ContractError, ValueError):
    """An identifier's form or check digit is wrong."""

    code: ClassVar[str] = "contract.identifier"


class InvalidEventError(ContractError):
    """An event does not fit its published schema; `fields` names where, never what."""

    code: ClassVar[str] = "contract.event"

    def __init__(self, sentence: str, fields: tuple[str, ...] = ()) -> None:
        """Keep the schema-known names of the fields that do not fit."""
        super().__init__(sentence)
        self.fields = fields


class EnvelopeError(ContractError):
    """A message's headers are not those of one well-formed envelope."""

    code: ClassVar[str] = "envelope.malformed"


class SealError(ContractError):
    """The seal or the signature does not hold.

    One sentence for every cause, so that a prober learns nothing from it.
    """

    code: ClassVar[str] = "seal.refused"

    def __init__(self) -> None:
        super().__init__("the seal was refused")


class DirectoryError(ContractError):
    """A directory of public keys is forged, older than one already seen, expired or malformed."""

    code: ClassVar[str] = "directory.refused"
