"""Options of a launch that change nothing here, and are shown again: what they ask for is so in any case.

No instance is recovered on another host, no capacity is reserved, no type has AMD's SEV-SNP or virtualization
inside it: to turn those off is recorded, to turn them on is refused.
"""

from typing import Any, NamedTuple

from elastinet.ec2.core import faults
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.views import shared
from elastinet.model.instance import Instance


class Recorded(NamedTuple):
    """An option by structure and member, its field, the words that are taken, and EC2's that are not."""

    structure: str
    member: str
    field: str
    taken: tuple[str, ...]
    absent: tuple[str, ...] = ()


_OFF = (("disabled",), ("enabled",))
RECORDED = (
    Recorded("CpuOptions", "AmdSevSnp", "amd_sev_snp", *_OFF),
    Recorded("CpuOptions", "NestedVirtualization", "nested_virtualization", *_OFF),
    Recorded("MaintenanceOptions", "AutoRecovery", "auto_recovery", ("default", "disabled")),
    Recorded(
        "CapacityReservationSpecification",
        "CapacityReservationPreference",
        "capacity_reservation_preference",
        ("open", "none"),
        ("capacity-reservations-only",),
    ),
)

_FIELDS = {s: tuple(one.field for one in RECORDED if one.structure == s) for s, *_ in RECORDED}
_MEMBERS = {s: tuple(one.member for one in RECORDED if one.structure == s) for s, *_ in RECORDED}


def recorded_fields(request: Request) -> dict[str, Any]:
    """The fields of an instance that a launch gives such options to."""
    given = ((one, (request.get(one.structure) or Request({})).get(one.member)) for one in RECORDED)
    return {one.field: _word(one, word) for one, word in given if word is not None}


def _word(one: Recorded, word: str) -> str:
    if word in one.absent:
        raise faults.unsupported(f"elastinet does not support {one.structure}.{one.member}={word}.")
    if word not in one.taken:
        raise faults.invalid(word, one.member)
    return word


def recorded(instance: Instance, structure: str) -> dict[str, str]:
    """The members of a structure of options that an instance shows."""
    return _shown(structure, *(getattr(instance, field) for field in _FIELDS[structure]))


@shared
def _shown(structure: str, *words: str | None) -> dict[str, str]:
    return {member: word for member, word in zip(_MEMBERS[structure], words, strict=True) if word is not None}
