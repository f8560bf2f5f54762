"""Names, dates and places in the one form in which they are compared; pure.

Raw claims stay as the source wrote them; these forms are for comparison only.
"""

import re
import unicodedata

_NOT_LETTERS = re.compile(r"[^\w]+", re.UNICODE)
_PLACEHOLDERS = re.compile(r"^(baby|babe|infant|unborn|unknown|twin|triplet|not known|nk|n/?a)\b")
NAME_COMPARED_MAX = 120
"""Characters of a name that take part in comparison; the rest adds time and no evidence."""


def folded(name: str) -> str:
    """Fold a name: no accents, case, apostrophes, hyphens or spaces."""
    if name.isascii():
        text = name[:NAME_COMPARED_MAX].lower()
        return text if text.isalpha() else _NOT_LETTERS.sub("", text)
    decomposed = unicodedata.normalize("NFKD", name[:NAME_COMPARED_MAX])
    marked = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _NOT_LETTERS.sub("", marked.casefold())


def given_name(name: str) -> str:
    """Fold a given name; a placeholder such as "Baby of" or "Twin 1" becomes nothing."""
    if _PLACEHOLDERS.match(name.strip().lower()):
        return ""
    return folded(name)
