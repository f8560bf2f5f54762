"""Every source format there is, and which of them a file is."""

from collections.abc import Sequence

from adapters.education import csv_export as education
from adapters.errors import FileRefusedError
from adapters.health import csv_export as health
from adapters.health.adt import Adt
from adapters.ingress.record import SourceFormat
from adapters.police import csv_export as police
from adapters.social_care import csv_export as social_care
from adapters.social_care.cin_census import CinCensus

FORMATS: tuple[SourceFormat, ...] = (
    police.Notices(),
    police.DomesticAbuseIncidents(),
    police.MissingEpisodes(),
    Adt(),
    health.Appointments(),
    health.HealthVisiting(),
    education.Concerns(),
    education.Exclusions(),
    education.Attendance(),
    education.Roll(),
    education.Hardship(),
    social_care.Workers(),
    social_care.Contacts(),
    social_care.Hardship(),
    CinCensus(),
)


def of_sector(sector: str) -> tuple[SourceFormat, ...]:
    """The formats an agency of a sector may send."""
    return tuple(form for form in FORMATS if form.sector == sector)


def recognised(name: str, data: bytes, formats: Sequence[SourceFormat]) -> SourceFormat:
    """Find which format a file is.

    Raises:
        FileRefusedError: None of them.
    """
    for form in formats:
        if form.recognises(name, data):
            return form
    names = ", ".join(form.name for form in formats)
    msg = f"the file is none of the formats of this agency ({names}): check its columns"
    raise FileRefusedError(msg)
