"""The numbers that AWS has changed over the years, by edition of the rules, each with its source.

`classic` is what the notes of the system's user say, `2026` what AWS's guide says today. Code reads
the edition and never has a literal of its own.
"""

import msgspec

from elastinet.catalog.settings import Rules


class Figure(msgspec.Struct, frozen=True):
    """A number, where it comes from, and since when it holds."""

    value: float
    source: str
    since: str


class Edition(msgspec.Struct, frozen=True):
    """One set of numbers; prices are in US dollars an hour for each public IPv4 address."""

    idle_address_usd: Figure
    used_address_usd: Figure
    extra_address_usd: Figure
    lent_address_usd: Figure


_GUIDE = "EC2 User Guide, elastic-ip-addresses-eip: every public IPv4 address is charged"
_NOTES = "the user's notes: Elastic IPs are charged when idle or when their instance does not run"
_OLD_PRICE = "EC2 pricing before 2024: $0.005 for an idle address, and for each further one of an instance"

EDITIONS: dict[Rules, Edition] = {
    "classic": Edition(
        idle_address_usd=Figure(0.005, _NOTES, "2006"),
        used_address_usd=Figure(0.0, _NOTES, "2006"),
        extra_address_usd=Figure(0.005, _OLD_PRICE, "2006"),
        lent_address_usd=Figure(0.0, _NOTES, "2006"),
    ),
    "2026": Edition(
        idle_address_usd=Figure(0.005, _GUIDE, "2024-02-01"),
        used_address_usd=Figure(0.005, _GUIDE, "2024-02-01"),
        extra_address_usd=Figure(0.005, _GUIDE, "2024-02-01"),
        lent_address_usd=Figure(0.005, _GUIDE, "2024-02-01"),
    ),
}
