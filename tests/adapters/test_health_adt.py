"""ADT messages to events: who, what, when, and what is never sent."""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import FileRefusedError, RowError, RowRefusedError
from adapters.health.adt import Adt
from adapters.ingress.folder import Report, process
from adapters.ingress.record import Mapped, MappingContext, Skipped, Withdrawal
from schemas.catalogue import dump_event, parse_event
from schemas.event import ConcernEvent
from schemas.health import Admission, Discharge, EdAttendance, NumberMerged, RegistrationChange
from schemas.identifiers import is_test_nhs_number
from schemas.person import NumberStatus, Protection, Role, Sex
from schemas.times import Precision

ADT = Adt()
NHS = "9990000018"
OTHER_NHS = "9990000026"
CANARY = "Zzyzxcanary"


def context() -> MappingContext:
    numbers = count(1)
    return MappingContext(
        agency="zz-hospital",
        la_code="301",
        recorded_at=datetime(2026, 6, 1, 12, tzinfo=UTC),
        new_id=lambda: UUID(int=next(numbers)),
    )


def msh(trigger: str, *, at: str = "202605010900", control: str = "M1", mode: str = "P") -> str:
    return rf"MSH|^~\&|PAS|RZZ|||{at}||ADT^{trigger}|{control}|{mode}|2.4|||||GBR|UNICODE UTF-8"


def pid(  # one argument for each field that a test is about
    *,
    ids: str = f"{NHS}^^^NHS^NH",
    name: str = "Wren^Ada",
    born: str = "20200505",
    sex: str = "F",
    address: str = "",
    reliability: str = "",
) -> str:
    return f"PID|1||{ids}||{name}||{born}|{sex}|||{address}" + "|" * 21 + reliability


def pv1(kind: str = "E", *, visit: str = "V1", arrived: str = "", left: str = "") -> str:
    return f"PV1|1|{kind}" + "|" * 17 + visit + "|" * 25 + f"{arrived}|{left}"


def mapped(*segments: str) -> Mapped:
    (record,) = ADT.read("\r".join(segments).encode())
    assert not isinstance(record, RowError), record
    (found,) = ADT.map(record, context())
    return found


def event(*segments: str) -> ConcernEvent:
    found = mapped(*segments)
    assert isinstance(found, ConcernEvent), found
    return found


def refusal(*segments: str) -> dict[str, str]:
    with pytest.raises(RowRefusedError) as refused:
        mapped(*segments)
    return {error.field: error.wrong for error in refused.value.errors}


@pytest.mark.parametrize(
    ("trigger", "kind", "model"),
    [
        ("A01", "I", Admission),
        ("A03", "I", Discharge),
        ("A04", "E", EdAttendance),
        ("A08", "I", RegistrationChange),
        ("A28", "", RegistrationChange),
        ("A31", "", RegistrationChange),
    ],
)
def test_each_trigger_says_its_own_event(
    trigger: str, kind: str, model: type[ConcernEvent]
) -> None:
    assert type(event(msh(trigger), pid(), pv1(kind))) is model


def test_a_trigger_missing_from_the_header_is_read_from_the_event_segment() -> None:
    header = msh("A28").replace("ADT^A28", "ADT")

    assert isinstance(event(header, "EVN|A28|202605010900", pid()), RegistrationChange)


def test_every_order_of_segments_gives_the_same_event() -> None:
    segments = [pid(), pv1(arrived="202605010830"), "PV2|||^Fell", "NK1|1|Wren^Jo|MTH", "EVN|A04"]
    said = event(msh("A04"), *segments)

    assert all(event(msh("A04"), *segments[n:], *segments[:n]) == said for n in range(1, 5))


def test_two_patients_in_one_message_are_refused() -> None:
    assert refusal(msh("A28"), pid(), pid())["PID"] == "does not stand exactly once"


def test_no_patient_is_refused() -> None:
    assert "PID" in refusal(msh("A28"), "EVN|A28")


@pytest.mark.parametrize(
    "ids",
    [
        f"H1^^^RZZ^PI~{NHS}^^^NHS^NH",
        f"{NHS}^^^NHS~H1^^^RZZ^PI",
        f"H1^^^RZZ^MR~{NHS}^^^^NH",
        f"{NHS}^^^nhs&2.16.840.1.113883.2.1.4.1&ISO~H1^^^RZZ",
        f"{NHS}^^^&2.16.840.1.113883.2.1.4.1&ISO~H1^^^RZZ",
        f"999 000 0018^^^NHS^NH~H1^^^RZZ~{NHS}^^^NHS^NH",
    ],
)
def test_the_nhs_number_is_known_by_its_authority_wherever_it_stands(ids: str) -> None:
    child = event(msh("A28"), pid(ids=ids)).child

    assert child.nhs_number == NHS
    assert [(local.system, local.value) for local in child.local_ids] == [("RZZ", "H1")]


def test_a_hospital_number_that_looks_like_an_nhs_number_is_not_one() -> None:
    child = event(msh("A28"), pid(ids=f"{NHS}^^^RZZ^PI")).child

    assert child.nhs_number is None
    assert child.local_ids[0].value == NHS


def test_two_nhs_numbers_are_refused_and_none_is_picked() -> None:
    wrong = refusal(msh("A28"), pid(ids=f"{NHS}^^^NHS~{OTHER_NHS}^^^NHS"))

    assert wrong == {"PID-3": "names two NHS numbers"}


def test_a_wrong_nhs_number_is_left_out_and_the_message_goes_on() -> None:
    child = event(msh("A28"), pid(ids="9990000019^^^NHS^NH")).child

    assert child.nhs_number is None
    assert child.local_ids == ()
    assert child.name.family == "Wren"


def test_passports_and_account_numbers_stay_at_the_hospital() -> None:
    ids = "P1^^^GBR^PPN~A1^^^RZZ^AN~D1^^^GBR^DL~H1^^^RZZ^PI"

    assert [local.value for local in event(msh("A28"), pid(ids=ids)).child.local_ids] == ["H1"]


@pytest.mark.parametrize(
    ("reliability", "status"),
    [
        ("NSTS01", NumberStatus.VERIFIED),
        ("01", NumberStatus.VERIFIED),
        ("AL~NSTS01", NumberStatus.VERIFIED),
        ("NSTS02", NumberStatus.UNVERIFIED),
        ("", NumberStatus.UNVERIFIED),
    ],
)
def test_a_number_is_verified_only_where_the_source_says_so(
    reliability: str, status: NumberStatus
) -> None:
    assert event(msh("A28"), pid(reliability=reliability)).child.nhs_number_status is status


def test_the_legal_name_comes_first_and_the_others_are_aliases() -> None:
    name = "Wren^Addie^^^^^N~Wren-Hale&&Hale^Ada^Jo^^^^L~Coded^X^^^^^S~^^^^^^A"
    child = event(msh("A28"), pid(name=name)).child

    assert (child.name.family, child.name.given) == ("Wren-Hale", "Ada")
    assert [alias.given for alias in child.aliases] == ["Addie"]


@pytest.mark.parametrize(
    ("born", "written"),
    [
        ("2020", "2020"),
        ("202005", "2020-05"),
        ("20200505", "2020-05-05"),
        ("202005051230+0100", "2020-05-05"),
    ],
)
def test_a_birth_date_is_kept_as_far_as_it_is_known(born: str, written: str) -> None:
    assert str(event(msh("A28"), pid(born=born)).child.born) == written


@pytest.mark.parametrize("born", ["20201305", "20200230", "5 May 2020", "2020050", "202000"])
def test_a_birth_date_that_never_was_is_refused(born: str) -> None:
    assert "PID-7" in refusal(msh("A28"), pid(born=born))


def test_a_birth_date_after_the_event_is_refused() -> None:
    assert refusal(msh("A28"), pid(born="20260502"))["PID-7"] == "is after the event"


@pytest.mark.parametrize(("born", "reliability"), [("", ""), ('""', ""), ("19000101", "UD")])
def test_without_a_birth_date_nobody_is_taken_for_a_child(born: str, reliability: str) -> None:
    wrong = refusal(msh("A28"), pid(born=born, reliability=reliability))

    assert wrong["PID-7"] == "gives no date of birth"


@pytest.mark.parametrize(
    "born",
    [
        "20080502",  # eighteen tomorrow
        "200805",  # perhaps not yet eighteen
        "2008",
    ],
)
def test_nobody_who_may_be_a_child_is_left_out(born: str) -> None:
    assert isinstance(mapped(msh("A28"), pid(born=born)), RegistrationChange)


@pytest.mark.parametrize("born", ["20080501", "200804", "2007", "19600101"])
def test_adults_are_counted_and_not_sent(born: str) -> None:
    assert mapped(msh("A28"), pid(born=born)) == Skipped(1, "about an adult")


@pytest.mark.parametrize(
    ("written", "sex"),
    [("M", Sex.MALE), ("2", Sex.FEMALE), ("f", Sex.FEMALE), ("9", Sex.UNKNOWN), ("", Sex.UNKNOWN)],
)
def test_sex_is_read_in_either_coding(written: str, sex: Sex) -> None:
    assert event(msh("A28"), pid(sex=written)).child.sex is sex


def test_the_home_address_is_taken_and_offices_and_holidays_are_not() -> None:
    works, holiday = "1 Works^^Town^^ZZ9 8ZZ^^B", "2 Sea View^^Town^^ZZ9 7ZZ^^V"
    home = "3 Home&Home Road^Flat 2^Town^^zz99zz^^H"
    found = event(msh("A28"), pid(address=f"{works}~{holiday}~{home}")).child.address

    assert found is not None
    assert found.lines == ("3 Home", "Flat 2", "Town")
    assert found.postcode == "ZZ9 9ZZ"
    assert found.protection is Protection.NONE


def test_a_postcode_that_is_none_leaves_the_rest_of_the_address() -> None:
    found = event(msh("A28"), pid(address="3 Home^^Town^^NONE^^H")).child.address

    assert found is not None
    assert (found.lines, found.postcode) == (("3 Home", "Town"), None)


def test_a_default_address_is_no_address() -> None:
    child = event(msh("A28"), pid(address="Unknown^^^^ZZ9 9ZZ^^H", reliability="UA")).child

    assert child.address is None


@pytest.mark.parametrize(
    "restriction",
    [
        ("PD1|||^^Z99001" + "|" * 9 + "Y",),
        ("PD1|||^^Z99001", "ARV|1|A|DEM"),
        ("PD1|||^^Z99001", "ARV|1|D|ALL", "ARV|2|U|LOC"),
    ],
)
def test_a_protected_child_is_marked_and_the_surgery_is_not_named(
    restriction: tuple[str, ...],
) -> None:
    found = event(msh("A31"), pid(address="3 Home^^Town^^ZZ9 9ZZ^^H"), *restriction)

    assert isinstance(found, RegistrationChange)
    assert found.child.address is not None
    assert found.child.address.protection is Protection.PROTECTED
    assert found.data.gp_practice is None


def test_an_unlisted_address_is_protected() -> None:
    address = "3 Home^^Town^^ZZ9 9ZZ^^H" + "^" * 11 + "UL"
    found = event(msh("A28"), pid(address=address)).child.address

    assert found is not None
    assert found.protection is Protection.PROTECTED


def test_a_change_of_surgery_is_told() -> None:
    found = event(msh("A31"), pid(), "PD1|||Quarry Street Surgery^^Z99001")

    assert isinstance(found, RegistrationChange)
    assert found.data.gp_practice == "Z99001"


@pytest.mark.parametrize(
    ("relationship", "role"),
    [
        ("MTH", Role.PARENT),
        ("FTH^Father", Role.PARENT),
        ("13", Role.PARENT),
        ("61^Step parent", Role.PARENT),
        ("GRD", Role.CARER),
        ("06", Role.CARER),
        ("BRO", Role.SIBLING),
        ("OTH^Mother's partner", Role.HOUSEHOLD),
        ("^Maternal grandmother", Role.HOUSEHOLD),
        ("Mother", Role.PARENT),
    ],
)
def test_next_of_kin_are_told_apart_by_code_or_by_word(relationship: str, role: Role) -> None:
    (person,) = event(msh("A28"), pid(), f"NK1|1|Hale^Jo|{relationship}").people

    assert person.role is role
    assert (person.name.family, person.name.given) == ("Hale", "Jo")


def test_employers_friends_and_nameless_kin_are_not_sent() -> None:
    kin = ["NK1|1|Works^The|EMR^Employer", "NK1|2|Pal^A|FND^Friend", "NK1|3||MTH^Mother"]

    assert event(msh("A28"), pid(), *kin).people == ()


def test_an_attendance_says_when_where_and_why() -> None:
    found = event(
        msh("A04"),
        pid(),
        pv1(arrived="202605010830"),
        r"PV2|||^Fell \T\ cried",
        "DG1|1|||Fracture of femur",
    )

    assert isinstance(found, EdAttendance)
    assert found.occurred.at == datetime(2026, 5, 1, 7, 30, tzinfo=UTC)
    assert found.data.provider == "RZZ"
    assert found.data.complaint == "Fell & cried"
    assert found.data.injury == "Fracture of femur"
    assert found.source_record == "visit V1"


def test_a_long_complaint_is_kept_whole_in_the_account() -> None:
    complaint = "word " * 100
    found = event(msh("A04"), pid(), pv1(), f"PV2|||^{complaint}")

    assert isinstance(found, EdAttendance)
    assert complaint.strip() in found.what_happened
    assert found.data.complaint is not None
    assert len(found.data.complaint) <= 300


def test_safeguarding_codes_are_sent_and_diagnoses_are_not() -> None:
    found = event(
        msh("A04"),
        pid(),
        pv1(),
        "OBX|1|CE|X||836881000000105^^SCT||||||F",
        "OBX|2|CE|SGC^Safeguarding concern||999999991000000100^^SCT||||||F",
        "OBX|3|CE|SMOKING||8392000^Non-smoker^SCT||||||F",
        "OBX|4|CE|SGC^Safeguarding concern||342191000000101^^SCT||||||D",
        "OBX|5|NM|WEIGHT||1234567||||||F",
        "DG1|1||86406008^A diagnosis^SCT",
    )

    assert isinstance(found, EdAttendance)
    assert found.data.safeguarding_codes == ("836881000000105", "999999991000000100")


@pytest.mark.parametrize(
    ("written", "at", "precision"),
    [
        ("20260501", datetime(2026, 4, 30, 23, tzinfo=UTC), Precision.DAY),
        ("2026050108", datetime(2026, 4, 30, 23, tzinfo=UTC), Precision.DAY),
        ("202605010830", datetime(2026, 5, 1, 7, 30, tzinfo=UTC), Precision.MINUTE),
        ("20260501083059.1234", datetime(2026, 5, 1, 7, 30, tzinfo=UTC), Precision.MINUTE),
        ("202605010830+0000", datetime(2026, 5, 1, 8, 30, tzinfo=UTC), Precision.MINUTE),
        ("202601010830", datetime(2026, 1, 1, 8, 30, tzinfo=UTC), Precision.MINUTE),
    ],
)
def test_a_time_is_london_time_unless_it_says_otherwise(
    written: str, at: datetime, precision: Precision
) -> None:
    occurred = event(msh("A04"), pid(), pv1(arrived=written)).occurred

    assert (occurred.at, occurred.precision) == (at, precision)


@pytest.mark.parametrize("written", ["yesterday", "20261301", "202605012530", "202603290130", "5"])
def test_a_time_that_never_was_is_refused(written: str) -> None:
    assert refusal(msh("A04"), pid(), pv1(arrived=written)) == {"PV1-44": "is not a time"}


def test_the_time_of_the_message_stands_in_and_none_is_invented() -> None:
    assert event(msh("A28", at="202604010900"), pid()).occurred.at.month == 4
    assert refusal(msh("A28", at=""), pid()) == {"MSH-7": "is empty"}


def test_a_discharge_has_the_time_of_leaving() -> None:
    found = event(msh("A03"), pid(), pv1("I", arrived="202604010900", left="202604020900"))

    assert found.occurred.at.day == 2


def test_a_clinic_visit_is_not_sent() -> None:
    assert isinstance(mapped(msh("A04"), pid(), pv1("O")), Skipped)


@pytest.mark.parametrize("mode", ["T", "D"])
def test_a_system_under_test_sends_nothing(mode: str) -> None:
    assert isinstance(mapped(msh("A28", mode=mode), pid()), Skipped)


@pytest.mark.parametrize("kind", ["ORU^R01", "ADT^A02", "ADT"])
def test_other_messages_are_counted_and_not_sent(kind: str) -> None:
    assert isinstance(mapped(msh("A28").replace("ADT^A28", kind), pid()), Skipped)


@pytest.mark.parametrize(("kind", "trigger"), [("E", "A04"), ("I", "A01")])
def test_a_cancelled_visit_withdraws_the_event_of_that_visit(kind: str, trigger: str) -> None:
    said = event(msh(trigger, control="M1"), pid(), pv1(kind, visit="V9"))
    taken_back = mapped(msh("A11", control="M2"), pid(), pv1(kind, visit="V9"))

    assert isinstance(taken_back, Withdrawal)
    assert taken_back.event.type == said.type
    assert taken_back.event.source_record == said.source_record


def test_a_cancellation_that_names_no_visit_is_refused() -> None:
    assert refusal(msh("A11"), pid(), "PV1|1") == {
        "PV1-2": "is empty",
        "PV1-19": "is empty",
    }


def test_a_cancelled_clinic_visit_withdraws_nothing() -> None:
    assert isinstance(mapped(msh("A11"), pid(), pv1("O")), Skipped)


def test_a_merge_names_the_record_that_is_no_more() -> None:
    found = event(msh("A40"), pid(), f"MRG|H9^^^RZZ^PI~{OTHER_NHS}^^^NHS^NH")

    assert isinstance(found, NumberMerged)
    assert found.child.nhs_number == NHS
    assert found.data.superseded_nhs_number == OTHER_NHS
    assert found.data.superseded_local_id == "H9"


@pytest.mark.parametrize("merged", [(), ("MRG|",), ("MRG|9990000019^^^NHS^NH",)])
def test_a_merge_that_names_no_record_is_refused(merged: tuple[str, ...]) -> None:
    assert "MRG-1" in refusal(msh("A40"), pid(), *merged)


def test_two_changes_of_one_visit_are_two_events() -> None:
    first = event(msh("A08", control="M1"), pid(), pv1())
    second = event(msh("A08", control="M2"), pid(), pv1())

    assert first.source_record != second.source_record


def test_a_message_with_neither_visit_nor_id_is_refused() -> None:
    assert refusal(msh("A28", control=""), pid()) == {"MSH-10": "is empty"}


def sample(name: str, publish: Callable[[ConcernEvent | Withdrawal], UUID]) -> Report:
    data = (files("adapters.health") / "samples" / name).read_bytes()
    return process(name, data, formats=[ADT], context=context(), publish=publish)


def events_of(name: str) -> tuple[Report, list[ConcernEvent | Withdrawal]]:
    sent: list[ConcernEvent | Withdrawal] = []

    def publish(said: ConcernEvent | Withdrawal) -> UUID:
        sent.append(said)
        return UUID(int=0)

    return sample(name, publish), sent


@pytest.mark.parametrize(
    ("name", "events", "skipped", "wrong"),
    [
        ("emergency.hl7", 4, 1, []),
        ("ward_framed.hl7", 2, 0, []),
        ("registration_batch.hl7", 3, 1, [(4, "PID-7")]),
    ],
)
def test_the_samples_are_read(
    name: str, events: int, skipped: int, wrong: list[tuple[int, str]]
) -> None:
    report, sent = events_of(name)

    assert len(sent) == events
    assert sum(report.skipped.values()) == skipped
    assert [(error.row, error.field) for error in report.errors] == wrong


@pytest.mark.parametrize("name", ["emergency.hl7", "ward_framed.hl7", "registration_batch.hl7"])
def test_what_the_samples_say_fits_the_contract_and_names_nobody_real(name: str) -> None:
    for said in events_of(name)[1]:
        whole = said.event if isinstance(said, Withdrawal) else said
        assert parse_event(dump_event(whole)) == whole
        assert whole.child.nhs_number is not None
        assert is_test_nhs_number(whole.child.nhs_number)


def test_reading_a_file_twice_says_the_same_words() -> None:
    assert events_of("emergency.hl7")[1] == events_of("emergency.hl7")[1]


CELL = st.one_of(
    st.sampled_from(
        ["", '""', NHS, f"{NHS}^^^NHS^NH", "20200505", "2020", "E", "I", "NSTS01", "MTH", "UD"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12).map(
        lambda text: CANARY + text
    ),
)
SEGMENT = st.builds(
    lambda name, cells: "|".join([name, *cells]),
    st.sampled_from(["PID", "PV1", "PV2", "NK1", "MRG", "OBX", "DG1", "EVN", "PD1", "ARV"]),
    st.lists(CELL, max_size=50),
)


@given(
    trigger=st.sampled_from(["A01", "A03", "A04", "A08", "A11", "A28", "A31", "A40", CANARY]),
    ids=st.lists(CELL, max_size=3),
    cells=st.lists(CELL, min_size=7, max_size=7),
    rest=st.lists(SEGMENT, max_size=6),
)
@settings(max_examples=400)
def test_a_wrong_message_is_refused_in_words_that_hold_none_of_it(
    trigger: str, ids: list[str], cells: list[str], rest: list[str]
) -> None:
    identity = pid(
        ids="~".join(ids),
        name=cells[0],
        born=cells[1],
        sex=cells[2],
        address=cells[3],
        reliability=cells[4],
    )
    data = "\r".join([msh(trigger, at=cells[5], control=cells[6]), identity, *rest]).encode()

    report = process("a.hl7", data, formats=[ADT], context=context(), publish=lambda _: UUID(int=0))

    assert report.rows >= 1
    assert CANARY not in repr(report)


def test_a_refusal_has_no_chain_that_could_quote_the_message() -> None:
    (record,) = ADT.read("\r".join([msh("A28"), pid(name="x" * 301)]).encode())
    assert not isinstance(record, RowError)

    with pytest.raises(RowRefusedError) as refused:
        ADT.map(record, context())

    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None
    assert "xxx" not in f"{refused.value!r} {refused.value.errors}"


@given(st.binary(max_size=400))
def test_any_bytes_are_events_errors_or_a_refusal(data: bytes) -> None:
    try:
        for record in ADT.read(b"MSH|^~\\&|" + data):
            if not isinstance(record, RowError):
                ADT.map(record, context())
    except (FileRefusedError, RowRefusedError):
        return


def test_a_message_keeps_its_values_out_of_its_own_representation() -> None:
    (record,) = ADT.read("\r".join([msh("A28"), pid(name=CANARY)]).encode())

    assert CANARY not in repr(record)
