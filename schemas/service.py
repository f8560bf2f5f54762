"""What an adapter says of itself: that it is alive, and how far it has come."""

from typing import Literal

from pydantic import Field

from schemas.event import AgencyRecord


class Heartbeat(AgencyRecord):
    """Sent every few minutes, so that silence can be told from quiet."""

    type: Literal["heartbeat.v1"] = "heartbeat.v1"
    last_sequence: int = Field(ge=0)
    """The highest sequence number the adapter had given before this one."""
