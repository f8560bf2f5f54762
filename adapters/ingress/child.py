"""The columns about the child that every CSV of ours shares."""

from adapters.ingress.fields import Fields
from adapters.ingress.record import MappingContext
from schemas.person import (
    Address,
    ChildClaim,
    LocalId,
    NumberStatus,
    PersonClaim,
    PersonName,
    Protection,
    Role,
    Sex,
)

PERSON_PARTS = 4
ADDRESS_LINES_MAX = 6


def child(fields: Fields, context: MappingContext, *, local_system: str = "") -> ChildClaim:
    """Read given name, family name, date of birth, sex, numbers and address."""
    given, family = fields.text("given name"), fields.text("family name")
    sex = (fields.text("sex") or "U")[:1].upper()
    verified = fields.flag("nhs number verified")
    local = fields.text("local id")
    ids = (LocalId(system=local_system, value=local),) if local and local_system else ()
    born, nhs_number, upn = (
        fields.born("date of birth"),
        fields.nhs_number("nhs number"),
        fields.upn("upn"),
    )
    home_la = fields.la_code("home la") or context.la_code
    address = _address(fields)
    return fields.build(
        lambda: ChildClaim(
            name=PersonName(given=given or "", family=family or ""),
            born=born,
            sex=Sex(sex) if sex in set(Sex) else Sex.UNKNOWN,
            nhs_number=nhs_number,
            nhs_number_status=NumberStatus.VERIFIED if verified else NumberStatus.UNVERIFIED,
            upn=upn,
            local_ids=ids,
            address=address,
            home_la=home_la,
            school_urn=fields.text("school urn"),
        )
    )


def _address(fields: Fields) -> Address | None:
    postcode, text = fields.postcode("postcode"), fields.text("address")
    protected = fields.flag("address protected")
    if not (postcode or text or protected):
        return None
    lines = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    return fields.build(
        lambda: Address(
            lines=lines[:ADDRESS_LINES_MAX],
            postcode=postcode,
            protection=Protection.PROTECTED if protected else Protection.NONE,
        )
    )


def people(fields: Fields) -> tuple[PersonClaim, ...]:
    """Read `role|given|family|relationship` items, separated by semicolons."""
    found: list[PersonClaim] = []
    for item in fields.several("other people"):
        parts = [part.strip() for part in item.split("|")]
        roles = {role.value for role in Role}
        if len(parts) != PERSON_PARTS or parts[0].lower() not in roles:
            fields.wrong(
                "other people",
                "is not role|given|family|relationship",
                f"use one of the roles: {', '.join(sorted(roles))}",
            )
            continue
        role, given, family, relationship = parts
        found.append(
            PersonClaim(
                role=Role(role.lower()),
                name=PersonName(given=given, family=family),
                relationship=relationship or None,
            )
        )
    return tuple(found)
