"""The e-mail doorbell: a reference, how soon, and where to look. Nothing else, ever."""

from dataclasses import dataclass
from email.message import EmailMessage
from uuid import UUID

import aiosmtplib

from broker.errors import UnavailableError
from broker.settings import MailSettings

TIMEOUT_S = 20

_SUBJECTS = {
    "new": "A new alert is waiting",
    "update": "An alert has changed",
    "reminder": "Reminder: an alert is waiting",
    "escalation": "An unanswered alert has been passed to you",
}


@dataclass(frozen=True, slots=True)
class Doorbell:
    """One ring. There is no field for a name, an agency or a reason, so none can be sent."""

    alert_id: UUID
    kind: str
    due: str
    link: str


def letter(doorbell: Doorbell, *, sender: str, recipient: str) -> EmailMessage:
    """Write the message; pure."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = f"Fullpicture: {_SUBJECTS[doorbell.kind]}"
    message.set_content(
        f"{_SUBJECTS[doorbell.kind]}.\n\n"
        f"Reference: {str(doorbell.alert_id)[-8:]}\n"
        f"Answer by: {doorbell.due}\n\n"
        f"Sign in to read it: {doorbell.link}\n\n"
        "This message says nothing about anybody, so that it is safe to receive.\n"
    )
    return message


class Mailer:
    """Sends over SMTP."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    async def send(self, doorbell: Doorbell, recipient: str) -> None:
        """Ring.

        Raises:
            UnavailableError: The mail server does not take it: try again later.
        """
        settings = self._settings
        failed = False
        try:
            await aiosmtplib.send(
                letter(doorbell, sender=settings.sender, recipient=recipient),
                hostname=settings.host,
                port=settings.port,
                username=settings.username,
                password=settings.password.get_secret_value() if settings.password else None,
                use_tls=settings.tls == "tls",
                start_tls=settings.tls == "starttls",
                timeout=TIMEOUT_S,
            )
        except (aiosmtplib.SMTPException, OSError):
            failed = True
        if failed:
            msg = "the mail server does not take messages just now"
            raise UnavailableError(msg)
