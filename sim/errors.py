"""What can go wrong with the simulator and the embedded servers."""

from typing import ClassVar

from schemas.errors import FullpictureError


class SimError(FullpictureError):
    """Anything that went wrong around the demonstration."""

    code: ClassVar[str] = "sim"


class ServerStartError(SimError):
    """An embedded server cannot start; the message says why and what to do."""

    code: ClassVar[str] = "sim.server_start"


class StoryError(SimError):
    """A story did not end as it was written."""

    code: ClassVar[str] = "sim.story"
