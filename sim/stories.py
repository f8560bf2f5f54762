"""Invented families over eight weeks, as the files their agencies would export; pure.

Every name, number and event is made up. NHS numbers come from the 999 range, which is for
tests; the authorities and the school do not exist.
"""

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta

from schemas.errors import InvalidIdentifierError
from schemas.identifiers import parse_nhs_number
from sim.scheme import SCHOOL_URN

WEEKS = 8
POLICE, HEALTH = "northfield-police", "northfield-health"
SCHOOL, CSC, EASTMERE = "northfield-school", "northfield-csc", "eastmere-csc"

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Drop:
    """A file put into an agency's folder in a week, and what a person is told meanwhile."""

    week: int
    agency: str
    file: str
    content: bytes
    says: str
    lands_in: str = "done"


@dataclass(frozen=True, slots=True)
class Ending:
    """What must be true at the end: this person holds an alert of this rule on this child."""

    story: str
    person: str
    child: str
    rule: str
    sentence: str


def number(index: int) -> str:
    """Make the index-th valid NHS number of the test range."""
    valid: list[str] = []
    base = 999_100_000
    while len(valid) <= index:
        for digit in range(10):
            try:
                valid.append(parse_nhs_number(f"{base}{digit}"))
            except InvalidIdentifierError:
                continue
        base += 1
    return valid[index]


def _child(index: int, given: str, family: str, born: str, postcode: str) -> Row:
    return {
        "given name": given,
        "family name": family,
        "date of birth": born,
        "nhs number": number(index) if index >= 0 else "",
        "postcode": postcode,
    }


ROBIN = _child(0, "Robin", "Ashdown", "2018-05-04", "ZZ99 3FZ")
KIT = _child(1, "Kit", "Farrow", "2016-11-20", "ZZ99 3WZ")
JULES = _child(2, "Jules", "Marsden", "2012-02-29", "ZZ99 3DZ")
ADA = _child(3, "Ada", "Penrose", "2019-07-15", "ZZ99 3GZ")
IDA = _child(4, "Ida", "Penrose", "2019-07-15", "ZZ99 3GZ")
LEE = _child(5, "Lee", "Hartwell", "2011-09-01", "ZZ99 3HZ")
NOOR = _child(6, "Noor", "Calloway", "2017-03-12", "ZZ99 3AZ")
TOBY = _child(7, "Toby", "Lindell", "2015-06-23", "ZZ99 3BZ")
NAMELESS_TWIN = {**ADA, "given name": "", "nhs number": "", "postcode": "ZZ99 3GZ"}

ENDINGS = (
    Ending(
        "neglect nobody acted on",
        "nf-sw-1",
        "Robin Ashdown",
        "neglect.accumulating",
        "Accumulating neglect indicators",
    ),
    Ending(
        "three times no further action",
        "nf-tm-2",
        "Kit Farrow",
        "contact.repeat_nfa",
        "Review by someone who made none of those decisions",
    ),
    Ending(
        "an exclusion, and somebody rings",
        "nf-sw-2",
        "Jules Marsden",
        "exclusion.critical_moment",
        "Critical moment",
    ),
    Ending("a family that moved", "em-sw-1", "Lee Hartwell", "missing.episode", "Reported missing"),
    Ending(
        "hardship, and the answer is help",
        "nf-fd-1",
        "Noor Calloway",
        "hardship.offer_help",
        "Offer family help",
    ),
    Ending(
        "a night at home, told before the bell",
        "nf-dsl-1",
        "Toby Lindell",
        "domestic_abuse.child_present",
        "Be ready for the child",
    ),
)
HELD_ENDING = 1
"""The twin without a given name waits for a person."""
QUARANTINED_ENDING = 1
"""The health event under the police's key."""


def drops(anchor: date) -> list[Drop]:
    """Write every file of the eight weeks that end at the anchor."""
    when = _Weeks(anchor)
    return [
        *_neglect(when),
        *_nfa(when),
        *_exclusion(when),
        *_twins(when),
        *_mover(when),
        *_hardship(when),
        *_night(when),
        *_unreadable(when),
    ]


@dataclass(frozen=True, slots=True)
class _Weeks:
    anchor: date

    def day(self, week: int, day: int = 0) -> str:
        return (self.anchor - timedelta(weeks=WEEKS - week, days=1 - day)).isoformat()


def _file(*rows: Row) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _row(child: Row, record: str, occurred: str, what: str, **more: str) -> Row:
    extra = {name.replace("_", " "): value for name, value in more.items()}
    return {"record": record, "occurred": occurred, "what happened": what, **child, **extra}


def _worker(child: Row, record: str, occurred: str, worker: str, **more: str) -> Row:
    return _row(
        child,
        record,
        occurred,
        "A worker was allocated.",
        worker_id=worker,
        worker_name="",
        team="Assessment",
        **more,
    )


def _neglect(when: _Weeks) -> list[Drop]:
    return [
        Drop(
            1,
            CSC,
            "workers-robin.csv",
            _file(_worker(ROBIN, "W-100", when.day(1), "nf-sw-1")),
            "social care allocates a worker to Robin",
        ),
        Drop(
            2,
            SCHOOL,
            "concerns-robin.csv",
            _file(
                _row(
                    ROBIN,
                    "C-2001",
                    when.day(2),
                    "Came to school hungry again.",
                    category="Neglect",
                    logged_by="class teacher",
                    neglect_indicators="hunger",
                    school_urn=SCHOOL_URN,
                )
            ),
            "the school logs that Robin came hungry",
        ),
        Drop(
            4,
            POLICE,
            "notices-robin.csv",
            _file(
                _row(
                    ROBIN,
                    "PPN-3001",
                    when.day(4),
                    "Home conditions were poor.",
                    grade="low",
                    neglect_indicators="home_conditions",
                    child_seen="Y",
                )
            ),
            "the police file a low-level notice about Robin's home",
        ),
        Drop(
            6,
            HEALTH,
            "appointments-robin.csv",
            _file(
                _row(
                    ROBIN,
                    "A-4001",
                    when.day(6),
                    "Was not brought to the dentist.",
                    setting="dental",
                    specialty="paediatric dentistry",
                )
            ),
            "the dentist notes that Robin was not brought",
        ),
    ]


def _nfa(when: _Weeks) -> list[Drop]:
    return [
        Drop(
            week,
            CSC,
            f"contacts-kit-{week}.csv",
            _file(
                _row(
                    KIT,
                    f"CO-{week}",
                    when.day(week, 1),
                    "A contact about care at home.",
                    contact_outcome="nfa",
                    category="neglect",
                    decided_by="nf-tm-1",
                )
            ),
            "a contact about Kit is closed with no further action",
        )
        for week in (2, 4, 6)
    ]


def _exclusion(when: _Weeks) -> list[Drop]:
    return [
        Drop(
            1,
            CSC,
            "workers-jules.csv",
            _file(_worker(JULES, "W-101", when.day(1), "nf-sw-2")),
            "social care allocates a worker to Jules",
        ),
        Drop(
            7,
            SCHOOL,
            "exclusions-jules.csv",
            _file(
                _row(
                    JULES,
                    "X-7001",
                    when.day(7),
                    "Permanently excluded.",
                    exclusion_type="PERM",
                    reasons="DB",
                    sessions="",
                    school_urn=SCHOOL_URN,
                )
            ),
            "the school excludes Jules for good",
        ),
    ]


def _twins(when: _Weeks) -> list[Drop]:
    def concern(child: Row, record: str, week: int) -> bytes:
        return _file(
            _row(
                child,
                record,
                when.day(week, 2),
                "Tearful at the end of the day.",
                category="Wellbeing",
                logged_by="class teacher",
                school_urn=SCHOOL_URN,
            )
        )

    return [
        Drop(3, SCHOOL, "concerns-ada.csv", concern(ADA, "C-3001", 3), "the school writes of Ada"),
        Drop(
            4,
            SCHOOL,
            "concerns-ida.csv",
            concern(IDA, "C-3002", 4),
            "the school writes of Ida, Ada's twin, with her own number",
        ),
        Drop(
            5,
            SCHOOL,
            "concerns-twin.csv",
            concern(NAMELESS_TWIN, "C-3003", 5),
            "the school writes of one of the twins, and does not say which",
        ),
    ]


def _mover(when: _Weeks) -> list[Drop]:
    return [
        Drop(
            1,
            CSC,
            "workers-lee.csv",
            _file(_worker(LEE, "W-102", when.day(1), "nf-sw-1")),
            "social care allocates a worker to Lee in Northfield",
        ),
        Drop(
            5,
            EASTMERE,
            "workers-lee.csv",
            _file(
                _worker(
                    LEE | {"postcode": "ZZ99 4AB"},
                    "E-900",
                    when.day(5),
                    "em-sw-1",
                    reason="Moved from Northfield",
                )
            ),
            "Lee's family moves; Eastmere allocates its own worker",
        ),
        Drop(
            7,
            POLICE,
            "missing-lee.csv",
            _file(
                _row(
                    LEE,
                    "M-7001",
                    when.day(7, 1),
                    "Did not come home.",
                    risk="medium",
                    missing_from="home",
                )
            ),
            "the police report Lee missing",
        ),
    ]


def _hardship(when: _Weeks) -> list[Drop]:
    return [
        Drop(
            5,
            SCHOOL,
            "hardship-noor.csv",
            _file(
                _row(
                    NOOR,
                    "H-1",
                    when.day(5),
                    "Free school meals began.",
                    hardship_sign="new_free_school_meals",
                    free_school_meals="Y",
                )
            ),
            "Noor's free school meals begin",
        ),
        Drop(
            7,
            CSC,
            "hardship-noor.csv",
            _file(
                _row(
                    NOOR,
                    "H-2",
                    when.day(7),
                    "An eviction notice was served.",
                    hardship_sign="eviction_notice",
                    noted_by="housing desk",
                )
            ),
            "housing notes an eviction notice to Noor's family",
        ),
    ]


def _night(when: _Weeks) -> list[Drop]:
    return [
        Drop(
            8,
            POLICE,
            "incidents-toby.csv",
            _file(
                _row(
                    TOBY,
                    "DA-8001",
                    when.day(8),
                    "Officers attended shouting and threats.",
                    time="23:40",
                    incident="INC-8001",
                    da_subtypes="psychological",
                    child_present="Y",
                    child_where="upstairs",
                    school_urn=SCHOOL_URN,
                    school_name="Northfield Primary School",
                    parties="partners",
                )
            ),
            "the police attend Toby's home at night",
        ),
    ]


def _unreadable(when: _Weeks) -> list[Drop]:
    good = _row(KIT, "PPN-3002", when.day(3), "Seen out late.", grade="low", neglect_indicators="")
    bad = good | {"record": "PPN-3003", "nhs number": "9991234567"}
    return [
        Drop(
            3,
            POLICE,
            "notices-two-rows.csv",
            _file(good, bad),
            "the police send a file with one bad number in it",
            "part",
        ),
        Drop(
            3,
            HEALTH,
            "scan.csv",
            b"\x00\x01\x02 not a table at all",
            "health sends a file nobody can read",
            "refused",
        ),
    ]
