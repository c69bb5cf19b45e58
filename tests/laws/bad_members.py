"""Valid requests for interfaces, and the same with one member that is wrong."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple
from urllib.parse import urlencode

from botocore.serialize import create_serializer
from botocore.session import get_session
from choice import ACCOUNTS, REGION
from hypothesis import strategies as st
from region_moves import IMAGE

from elastinet.engine import Engine
from elastinet.model.interface import NetworkInterface
from elastinet.model.security import SecurityGroup
from elastinet.model.vpc import Subnet

EC2 = get_session().get_service_model("ec2")
Params = dict[str, Any]
Path = tuple[str | int, ...]
ASSIGNING = {4: "AssignPrivateIpAddresses", 6: "AssignIpv6Addresses"}
GIVING_ADDRESSES = ("RunInstances", "CreateNetworkInterface", *ASSIGNING.values())
LAUNCH = {"ImageId": IMAGE, "InstanceType": "m6i.8xlarge", "MinCount": 1, "MaxCount": 1}
WRONG: dict[type, tuple[Any, ...]] = {
    str: ("", "a", "0.0.0.0", "256.1.1.1", "::1", "10.0.0.0/28", "eni-0123456789abcdef0", "x" * 300),
    int: (-1, 0, -(2**31), 2**31 - 1, 65536, "", "many", "1.5"),
    bool: (True, False),
}


class Ways(NamedTuple):
    """The ways to ask for addresses of one family: one at a time is right."""

    ipv4: tuple[Params, ...]
    ipv6: tuple[Params, ...]


def subnet_of(engine: Engine) -> Subnet:
    """A subnet with both families."""
    return next(s for s in engine.state.where(Subnet, "scope", (ACCOUNTS[0], REGION)) if s.cidr6)


def ways(subnet: Subnet, number: int) -> Ways:
    """What one of several interfaces may ask for, each something of its own."""
    ipv4, ipv6 = subnet.cidr.partition(".0/")[0], subnet.cidr6.partition("::/")[0] if subnet.cidr6 else ""
    first, second = (f"{ipv4}.{100 + 16 * number + n}" for n in range(2))
    block, address = f"{ipv4}.{16 * (number + 1)}/28", f"{ipv6}::{number + 1}:5"
    marked = {"PrivateIpAddress": first, "Primary": True}, {"PrivateIpAddress": second, "Primary": False}
    return Ways(
        (
            {"PrivateIpAddresses": list(marked)},
            {"PrivateIpAddress": first, "PrivateIpAddresses": [marked[1]]},
            {"PrivateIpAddress": first, "SecondaryPrivateIpAddressCount": 2},
            {"Ipv4Prefixes": [{"Ipv4Prefix": block}]},
            {"Ipv4PrefixCount": 1},
        ),
        (
            {"Ipv6Addresses": [{"Ipv6Address": address, "IsPrimaryIpv6": True}]},
            {"Ipv6AddressCount": 2},
            {"Ipv6Prefixes": [{"Ipv6Prefix": f"{ipv6}:{number + 1}::/80"}]},
            {"Ipv6PrefixCount": 1},
        ),
    )


@st.composite
def interfaces(draw: Any, engine: Engine, number: int = 0) -> Params:
    """A valid description of a new interface."""
    subnet = subnet_of(engine)
    default = next(engine.state.where(SecurityGroup, "name", (subnet.vpc_id, "default")))
    asked = ways(subnet, number)
    described = {"SubnetId": subnet.id, "Groups": [default.id], "Description": "one"}
    return deepcopy(described | draw(st.sampled_from(asked.ipv4)) | draw(st.sampled_from(asked.ipv6)))


@st.composite
def valid_requests(draw: Any, action: str, engine: Engine) -> Params:
    """A valid request of an operation that gives an interface its addresses."""
    if action in ASSIGNING.values():
        return draw(assignments(action, engine))
    if action == "CreateNetworkInterface":
        return draw(interfaces(engine)) | draw(st.sampled_from(({}, {"InterfaceType": "efa"})))
    place = {"DeleteOnTermination": False, "InterfaceType": "interface"}
    express = {"EnaSrdEnabled": True, "EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": True}}
    first = {"DeviceIndex": 0, "NetworkCardIndex": 0, "EnaSrdSpecification": express}
    items = [draw(interfaces(engine, number)) | place for number in range(draw(st.integers(1, 2)))]
    items = [item | (first if n == 0 else {"DeviceIndex": n}) for n, item in enumerate(items)]
    return LAUNCH | {"NetworkInterfaces": items}


@st.composite
def assignments(draw: Any, action: str, engine: Engine) -> Params:
    """A valid request to give more addresses or prefixes to an interface that is there."""
    subnet = subnet_of(engine)
    free = next(i for i in engine.state.where(NetworkInterface, "subnet-id", subnet.id) if not i.attachment)
    return {"NetworkInterfaceId": free.id} | draw(st.sampled_from(members(action, subnet, 0)))


def members(action: str, subnet: Subnet, number: int) -> list[Params]:
    """The ways to ask for addresses in an operation."""
    ipv4, ipv6 = ways(subnet, number)
    if action not in ASSIGNING.values():
        return deepcopy([*ipv4, *ipv6])
    return [as_texts(one) for one in (ipv4 if action == ASSIGNING[4] else ipv6)]


def as_texts(way: Params) -> Params:
    """The same, with texts for structures, and without the primary address that the interface has."""
    return {
        name: [next(iter(one.values())) for one in value] if isinstance(value, list) else value
        for name, value in way.items()
        if name != "PrivateIpAddress"
    }


@st.composite
def spoilt_requests(draw: Any, action: str, engine: Engine) -> Params:
    """A valid request with one member missing, negative, empty, doubled, of another type, or too much."""
    params: Params = draw(valid_requests(action, engine))
    path = draw(st.sampled_from(list(paths(params))))
    parent = at(params, path[:-1])
    how = draw(st.sampled_from(("remove", "change", "change", "double", "add")))
    if how == "remove":
        del parent[path[-1]]
    elif how == "double" and isinstance(parent[path[-1]], list):
        parent[path[-1]] *= 2
    elif how == "add":
        item = draw(st.sampled_from(params.get("NetworkInterfaces") or [params]))
        item |= draw(st.sampled_from(members(action, subnet_of(engine), draw(st.integers(0, 1)))))
    else:
        parent[path[-1]] = draw(wrong(parent[path[-1]]))
    return params


def wrong(value: Any) -> st.SearchStrategy[Any]:
    """Values that a member should not have instead of this one."""
    if isinstance(value, list):
        return st.just([{}]) if value and isinstance(value[0], dict) else st.just([""])
    if isinstance(value, dict):
        return st.just({})
    return st.sampled_from(WRONG[type(value)])


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all members, of structures and of lists, however deep."""
    if not isinstance(value, dict | list):
        return
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        yield from paths(part, (*path, key))


def at(value: Any, path: Path) -> Any:
    """The part at a path."""
    for key in path:
        value = value[key]
    return value


def body(action: str, params: Params) -> bytes:
    """The form that boto3 would send, whatever the types of its values."""
    sent = create_serializer("ec2", False).serialize_to_request(params, EC2.operation_model(action))
    return urlencode(sent["body"]).encode()
