"""A local mail sink: the doorbell rings here, and nowhere else."""

from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any, Self

from aiosmtpd.controller import Controller

from broker.ids import new_id


class MailSink:
    """Keeps every e-mail as a file in a folder."""

    def __init__(self, folder: Path, port: int) -> None:
        """Choose where mails are kept and where the sink listens."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._controller = Controller(self, hostname="127.0.0.1", port=port)

    def __enter__(self) -> Self:
        """Listen."""
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._controller.stop()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's name and types
        """Keep one e-mail."""
        (self._folder / f"{new_id()}.eml").write_bytes(envelope.original_content)
        return "250 kept"

    def mails(self) -> list[Message]:
        """Every e-mail, in the order of arrival."""
        return [message_from_bytes(p.read_bytes()) for p in sorted(self._folder.glob("*.eml"))]
