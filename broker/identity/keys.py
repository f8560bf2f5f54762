"""The blind keys under which a child can be found; pure.

Each is a keyed hash of normalised values, so that the database holds none of them. The
hashing key comes from the key service and never enters PostgreSQL.
"""

import hmac
from collections.abc import Iterator

from broker.identity.known import KnownAs

KEY_BYTES = 16
FULL_DATE_LENGTH = len("2019-05-17")


def match_keys(known: KnownAs, *, secret: bytes) -> list[bytes]:
    """List the keys under which these claims are filed and looked for."""
    return [
        hmac.digest(secret, text.encode(), "sha256")[:KEY_BYTES]
        for text in dict.fromkeys(_texts(known))
    ]


def _texts(known: KnownAs) -> Iterator[str]:
    yield from (f"nhs|{number}" for number in known.nhs_numbers)
    yield from (f"upn|{upn}" for upn in known.upns)
    yield from (f"local|{local}" for local in known.local_ids)
    full_dates = [born for born in known.born if len(born) == FULL_DATE_LENGTH]
    for given, family in known.names:
        if family:
            yield from (f"family-born|{family}|{born}" for born in full_dates)
        if given:
            for postcode in known.postcodes:
                yield from (f"given-born-place|{given}|{b}|{postcode}" for b in full_dates)
                if family:
                    yield f"name-place|{given}|{family}|{postcode}"
