"""The demonstration through the real adapters, Kafka, PostgreSQL and console; and canaries."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from sim import stories
from sim.scheme import command
from sim.stories import ENDINGS

pytestmark = [pytest.mark.servers, pytest.mark.slow]

RUN_TIMEOUT_S = 400
CHILDREN = (
    stories.ROBIN, stories.KIT, stories.JULES, stories.ADA,
    stories.IDA, stories.LEE, stories.NOOR, stories.TOBY,
)  # fmt: skip
CANARIES = sorted(
    {child["family name"] for child in CHILDREN}
    | {child["nhs number"] for child in CHILDREN}
    | {child["postcode"] for child in CHILDREN}
    | {"Came to school hungry", "Was not brought to the dentist", "shouting and threats"}
)


@dataclass(frozen=True)
class Played:
    folder: Path
    output: str
    code: int


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    parent = Path(tempfile.mkdtemp(prefix="fullpicture-demo-", dir="/var/tmp"))
    parent.chmod(0o755)
    folder = parent / "data"
    done = subprocess.run(
        [*command(), "demo", "--check", "--data", str(folder)],
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        env={**os.environ, "COLUMNS": "200"},
        check=False,
    )
    yield Played(folder, done.stdout + done.stderr, done.returncode)
    shutil.rmtree(parent, ignore_errors=True)


def test_every_story_ends_as_written(played: Played) -> None:
    assert played.code == 0, played.output
    for ending in ENDINGS:
        assert f"ok {ending.story}" in played.output


def test_what_was_sent_is_what_was_placed_held_and_quarantined(played: Played) -> None:
    found = re.search(
        r"sent (\d+) = placed (\d+) \+ held for a person (\d+) \+ quarantined (\d+) "
        r"\+ heartbeats (\d+)",
        played.output,
    )
    assert found, played.output
    sent, *parts = map(int, found.groups())
    assert sent == sum(parts)
    assert parts[1:3] == [1, 1]


def _files(played: Played, *under: str) -> list[Path]:
    return [path for name in under for path in (played.folder / name).rglob("*") if path.is_file()]


@pytest.mark.parametrize("where", ["kafka", "postgres", "mail", "scheme"])
def test_no_personal_data_where_it_must_not_be(played: Played, where: str) -> None:
    files = [path for path in _files(played, where) if "files" not in path.parts]
    assert files
    found = {
        (path.name, canary)
        for path in files
        for data in (path.read_bytes(),)
        for canary in CANARIES
        if canary.encode() in data
    }
    assert found == set()


def test_the_canaries_are_in_the_source_files(played: Played) -> None:
    """The search itself finds what is there."""
    data = b"".join(path.read_bytes() for path in _files(played, "scheme") if path.suffix == ".csv")
    assert [canary for canary in CANARIES if canary.encode() not in data] == []


def test_logs_are_json_lines_of_the_allow_list(played: Played) -> None:
    logs = (played.folder / "scheme").glob("*.log")
    lines = [line for log in logs for line in log.read_text().splitlines() if line.strip()]
    assert [line for line in lines if not line.startswith("{")] == []


def test_no_file_is_lost(played: Played) -> None:
    agencies = played.folder / "scheme" / "agencies"
    for drop in stories.drops(date(2026, 1, 1)):
        assert (agencies / drop.agency / "files" / drop.lands_in / drop.file).is_file()
