"""A person at the console, over HTTP: signs in, reads an alert, answers it."""

import html
import re
from types import TracebackType
from typing import Self

import httpx

from sim.errors import StoryError
from sim.stories import Ending

TIMEOUT_S = 10.0
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
_CARD = re.compile(r'<article class="fp-card.*?</article>', re.DOTALL)
_LINK = re.compile(r'href="(/alerts/[0-9a-f-]+)"')


class Visitor:
    """One browser's worth of cookies."""

    def __init__(self, console: str) -> None:
        """Choose the console to visit."""
        self._client = httpx.Client(
            base_url=console, follow_redirects=True, timeout=TIMEOUT_S, trust_env=False
        )

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Forget the cookies."""
        self._client.close()

    def sign_in(self, person: str) -> None:
        """Sign in through the development provider.

        Raises:
            StoryError: The console did not let the person in.
        """
        page = self._client.get("/sign-in")
        form = _hidden(page.text) | {"person": person}
        page = self._client.post("/development-sign-in/authorize", data=form)
        if page.status_code != httpx.codes.OK or "Alerts for you" not in page.text:
            msg = f"sign-in of {person} ended with status {page.status_code}"
            raise StoryError(msg)

    def answer(self, ending: Ending) -> None:
        """Find the alert in the inbox, read it and the chronology, and answer it.

        Raises:
            StoryError: A page does not show what the story says.
        """
        inbox = self._client.get("/").text
        cards = [
            card
            for card in _CARD.findall(inbox)
            if ending.child in html.unescape(card) and ending.sentence in html.unescape(card)
        ]
        if len(cards) != 1:
            msg = f"{len(cards)} alerts of {ending.rule} in the inbox of {ending.person}, not 1"
            raise StoryError(msg)
        link = _LINK.search(cards[0])
        assert link is not None
        page = self._client.get(link[1])
        form = _hidden(page.text) | {
            "act": "acknowledge",
            "outcome": "acting",
            "note": "Rang the family.",
        }
        answered = self._client.post(link[1], data=form)
        if answered.status_code != httpx.codes.OK or "Change answer" not in answered.text:
            msg = f"the answer did not stand: status {answered.status_code}"
            raise StoryError(msg)
        child = re.search(r'href="(/children/[0-9a-f-]+)"', answered.text)
        if child is not None and self._client.get(child[1]).status_code != httpx.codes.OK:
            msg = "the chronology cannot be read"
            raise StoryError(msg)


def _hidden(page: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in _HIDDEN.findall(page)}
