"""Every event type there is, by name, and who may send which.

The name in an event chooses a model from this closed list; stored data never names code.
"""

from typing import Annotated, Final

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from schemas import education, health, police, service, social_care
from schemas.errors import InvalidEventError

_BY_SECTOR: Final = {
    "police": (
        police.PpnChild,
        police.DomesticAbuse,
        police.EncompassNotice,
        police.MissingStarted,
        police.MissingEnded,
    ),
    "health": (
        health.EdAttendance,
        health.WasNotBrought,
        health.HvContact,
        health.Admission,
        health.Discharge,
        health.RegistrationChange,
        health.NumberMerged,
    ),
    "education": (
        education.ConcernLogged,
        education.Suspension,
        education.PermanentExclusion,
        education.AttendanceThreshold,
        education.RollChange,
        education.EduHardship,
    ),
    "social_care": (
        social_care.ContactOutcome,
        social_care.ReferralDecision,
        social_care.AssessmentCompleted,
        social_care.S47Started,
        social_care.CpPlanStarted,
        social_care.CpPlanEnded,
        social_care.LeadChanged,
        social_care.Closure,
        social_care.CscHardship,
    ),
}

AnyEvent = Annotated[
    police.PpnChild
    | police.DomesticAbuse
    | police.EncompassNotice
    | police.MissingStarted
    | police.MissingEnded
    | health.EdAttendance
    | health.WasNotBrought
    | health.HvContact
    | health.Admission
    | health.Discharge
    | health.RegistrationChange
    | health.NumberMerged
    | education.ConcernLogged
    | education.Suspension
    | education.PermanentExclusion
    | education.AttendanceThreshold
    | education.RollChange
    | education.EduHardship
    | social_care.ContactOutcome
    | social_care.ReferralDecision
    | social_care.AssessmentCompleted
    | social_care.S47Started
    | social_care.CpPlanStarted
    | social_care.CpPlanEnded
    | social_care.LeadChanged
    | social_care.Closure
    | social_care.CscHardship
    | service.Heartbeat,
    Field(discriminator="type"),
]

SECTORS: Final = tuple(_BY_SECTOR)


def type_name(model: type[BaseModel]) -> str:
    """Give the event type a model stands for."""
    return str(model.model_fields["type"].default)


CATALOGUE: Final[dict[str, type[BaseModel]]] = {
    type_name(model): model
    for models in (*_BY_SECTOR.values(), (service.Heartbeat,))
    for model in models
}
_SENDERS: Final = {
    type_name(model): sector for sector, models in _BY_SECTOR.items() for model in models
}
_HEARTBEAT: Final = type_name(service.Heartbeat)
_ADAPTER: Final[TypeAdapter[AnyEvent]] = TypeAdapter(AnyEvent)
FIELDS_NAMED_MAX = 10


def may_send(sector: str, event_type: str) -> bool:
    """Tell whether agencies of a sector may send a type."""
    return event_type == _HEARTBEAT or _SENDERS.get(event_type) == sector


def parse_event(body: bytes) -> AnyEvent:
    """Read an event and hold it to its schema.

    Raises:
        InvalidEventError: It does not fit; fields are named only where the schema knows them.
    """
    fields: tuple[str, ...] = ()
    try:
        return _ADAPTER.validate_json(body)
    except ValidationError as error:
        fields = _known_fields(error)
    # Not chained: pydantic's error quotes the input, which is about a child.
    msg = "the event does not fit its published schema"
    raise InvalidEventError(msg, fields)


def dump_event(event: BaseModel) -> bytes:
    """Write an event as it is sealed; what the source did not say is left out."""
    return event.model_dump_json(exclude_none=True).encode()


def _known_fields(error: ValidationError) -> tuple[str, ...]:
    names = _names()
    found: list[str] = []
    for item in error.errors(include_url=False, include_context=False, include_input=False)[
        :FIELDS_NAMED_MAX
    ]:
        parts = [str(part) for part in item["loc"] if not isinstance(part, int)]
        found.append(".".join(part if part in names else "<unknown>" for part in parts))
    return tuple(dict.fromkeys(found))


def _names() -> frozenset[str]:
    known: set[str] = set(CATALOGUE)
    waiting: list[type[BaseModel]] = list(CATALOGUE.values())
    seen: set[type[BaseModel]] = set()
    while waiting:
        model = waiting.pop()
        if model in seen:
            continue
        seen.add(model)
        for name, info in model.model_fields.items():
            known.add(name)
            waiting += _models_in(info.annotation)
    return frozenset(known)


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    arguments = getattr(annotation, "__args__", ())
    return [model for argument in arguments for model in _models_in(argument)]
