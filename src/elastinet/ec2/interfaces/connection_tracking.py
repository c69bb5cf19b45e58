"""For how long an interface's groups remember idle flows, as a request asks for it (facts sheet, section 5).

The bounds are EC2's; by which code a time outside of them is refused is not documented, so that it is EC2's
usual one.
"""

from typing import Any

from msgspec.structs import asdict, replace

from elastinet.catalog.network import IDLE_SECONDS
from elastinet.ec2.core import faults
from elastinet.ec2.core.request import Request
from elastinet.model.interface import IdleSeconds

NAMES = {
    "TcpEstablishedTimeout": "tcp_established",
    "UdpStreamTimeout": "udp_stream",
    "UdpTimeout": "udp",
}
"""The members of EC2's structure by the names of ours."""
AS_ITS_TYPE = IdleSeconds()


def parse(request: Request | None, now: IdleSeconds = AS_ITS_TYPE) -> IdleSeconds:
    """Read a ConnectionTrackingSpecification: what it does not name stays as it is now."""
    if request is None:
        return now
    asked = {name: request.get(name) for name in NAMES}
    given = {NAMES[name]: _checked(name, value) for name, value in asked.items() if value is not None}
    return replace(now, **given)


def _checked(name: str, seconds: int) -> int:
    least, most = IDLE_SECONDS[NAMES[name]]
    if not least <= seconds <= most:
        sentence = f"Expecting a value between {least} and {most}."
        raise faults.invalid(seconds, name[0].lower() + name[1:], sentence)
    return seconds


def view(asked: IdleSeconds) -> dict[str, Any]:
    """The times that somebody has asked for, in the shape of the API."""
    fields = asdict(asked)
    return {name: fields[field] for name, field in NAMES.items() if fields[field] is not None}
