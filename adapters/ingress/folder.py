"""A folder an agency's system exports into: every file read once, none changed or lost.

A file ends in `done`, `part` (some rows refused) or `refused`, unchanged, with a report
beside it. Events are durable in the spool before the file moves; a file read again after
a crash publishes nothing twice, because the spool knows its words.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import UUID

from adapters.errors import FileRefusedError, RowError, RowRefusedError, TooLargeError
from adapters.formats import recognised
from adapters.ingress.record import (
    FILE_BYTES_MAX,
    MappingContext,
    Record,
    Skipped,
    SourceFormat,
    Withdrawal,
)
from schemas.event import ConcernEvent

SETTLED_S = 0.5
"""A file still being written is left alone until it has not changed for this long."""
UNFINISHED = (".part", ".tmp", ".partial", ".crdownload")
OUTCOMES = ("done", "part", "refused")


@dataclass(slots=True)
class Report:
    """What became of a file, row by row; never a value from it."""

    format: str = ""
    rows: int = 0
    events: list[str] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)
    file_error: str = ""

    @property
    def outcome(self) -> str:
        """Where the file goes."""
        if self.file_error and not self.events:
            return "refused"
        if not (self.errors or self.file_error):
            return "done"
        return "part" if self.events or self.skipped else "refused"

    def lines(self) -> list[str]:
        """The report as a person reads it."""
        lines = [
            f"format: {self.format or 'not recognised'}",
            f"rows: {self.rows}",
            f"events: {len(self.events)}",
        ]
        lines += [f"not sent: {count} rows, {why}" for why, count in self.skipped.items()]
        if self.file_error:
            lines.append(f"file: {self.file_error}")
        lines += [
            f"row {error.row}: {error.field or 'row'} {error.wrong}; {error.do}"
            for error in self.errors
        ]
        return lines


Publish = Callable[[ConcernEvent | Withdrawal], UUID]


def process(
    name: str,
    data: bytes,
    *,
    formats: Sequence[SourceFormat],
    context: MappingContext,
    publish: Publish,
) -> Report:
    """Read a file and publish its events; what is wrong goes into the report."""
    report = Report()
    try:
        form = recognised(name, data, formats)
        report.format = form.name
        for item in form.read(data):
            report.rows += 1
            if isinstance(item, RowError):
                report.errors.append(item)
            else:
                _row(form, item, context, publish, report)
    except FileRefusedError as refused:
        report.file_error = str(refused)
    return report


def _row(
    form: SourceFormat,
    record: Record,
    context: MappingContext,
    publish: Publish,
    report: Report,
) -> None:
    try:
        for mapped in form.map(record, context):
            if isinstance(mapped, Skipped):
                report.skipped[mapped.why] = report.skipped.get(mapped.why, 0) + 1
            else:
                report.events.append(str(publish(mapped)))
    except RowRefusedError as refused:
        report.errors += refused.errors
    except TooLargeError as refused:
        report.errors.append(RowError(record.row, "what happened", "is too long", str(refused)))


@dataclass(frozen=True, slots=True)
class Folder:
    """The watched folder and the three beside it."""

    root: Path

    def prepare(self) -> None:
        """Make what is missing."""
        for name in ("", *OUTCOMES):
            (self.root / name).mkdir(parents=True, exist_ok=True)

    def ready(self) -> list[Path]:
        """List files that have stopped changing, oldest first."""
        now = time.time()
        files = [
            (path.stat().st_mtime, path)
            for path in self.root.iterdir()
            if path.is_file() and not path.name.startswith(".")
        ]
        return [
            path
            for changed, path in sorted(files)
            if now - changed >= SETTLED_S and not path.name.lower().endswith(UNFINISHED)
        ]

    def take(self, path: Path, *, read: Callable[[str, bytes], Report]) -> Report:
        """Process one file and move it, unchanged, with its report beside it."""
        if path.stat().st_size > FILE_BYTES_MAX:
            report = Report(file_error=f"the file is over {FILE_BYTES_MAX // 2**20} MB: split it")
        else:
            report = read(path.name, path.read_bytes())
        target = self._free(self.root / report.outcome / path.name)
        body = {"outcome": report.outcome, **asdict(report)}
        target.with_name(f"{target.name}.report.json").write_text(
            json.dumps(body, indent=1), encoding="utf-8"
        )
        target.with_name(f"{target.name}.report.txt").write_text(
            "\n".join([f"outcome: {report.outcome}", *report.lines(), ""]), encoding="utf-8"
        )
        path.rename(target)
        return report

    @staticmethod
    def _free(path: Path) -> Path:
        number = 1
        free = path
        while free.exists():
            number += 1
            free = path.with_name(f"{path.stem}-{number}{path.suffix}")
        return free
