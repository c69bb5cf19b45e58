"""What a walk is made of: components, the headers before and behind each, and what refuses them."""

from typing import Literal, NamedTuple

from elastinet.model.routes import Route
from elastinet.rules.reachability.headers import Headers

HopKind = Literal[
    "instance", "interface", "group", "acl", "table", "gateway", "egress", "nat", "peering", "internet",
    "foreign",
]  # fmt: skip
Direction = Literal["ingress", "egress", ""]

STATE, ROUTE, RULE = 3, 2, 1
"""What a blocker weighs: of all complete paths the one that takes the least to open is told.

What is unknown weighs little: where the tables lead is told before what could be changed in them.
"""
WEIGHTS = {
    "BAD_STATE": STATE,
    "BAD_STATE_ATTACHMENT": STATE,
    "ENI_SG_RULES_MISMATCH": RULE,
    "SUBNET_ACL_RESTRICTION": RULE,
    "UNSUPPORTED_COMPONENT": RULE,
    "UNKNOWN_RESOURCE": RULE,
}


class Blocker(NamedTuple):
    """What must change: a code of Reachability Analyzer's, and the components it is about, by their role.

    Example: SUBNET_ACL_RESTRICTION about {"acl": "acl-1", "subnet": "subnet-1", "direction": "ingress"}.
    """

    code: str
    about: tuple[tuple[str, str], ...] = ()

    @property
    def weight(self) -> int:
        """What it takes to change it, beside others."""
        return WEIGHTS.get(self.code, ROUTE)

    def get(self, role: str) -> str:
        """The component with a role, "" for none."""
        return dict(self.about).get(role, "")


def blocker(code: str, **about: str) -> Blocker:
    """A blocker about components; those without an id are left out."""
    return Blocker(code, tuple((role, id) for role, id in about.items() if id))


class Hop(NamedTuple):
    """A component of a path. Groups and lists are asked `at` an interface, whose id groups have as theirs."""

    kind: HopKind
    id: str
    direction: Direction = ""
    at: str = ""


class Step(NamedTuple):
    """A component with the headers that enter and that leave it; `route` is what a table sends them by."""

    hop: Hop
    entering: Headers
    leaving: Headers
    blockers: tuple[Blocker, ...] = ()
    route: tuple[str, Route] | None = None


class Place(NamedTuple):
    """Where headers are: leaving an interface, arriving at one, outside, at a gateway or a peering.

    `sender` is the subnet that they come from, "" for elsewhere; `forwarded` says that a route names the
    interface, not their destination. Those "at" a peering connection have come to where it is the target.
    """

    kind: Literal["out", "in", "internet", "gate", "over", "at"]
    id: str = ""
    sender: str = ""
    forwarded: bool = False


class Onward(NamedTuple):
    """What a place leads to: the components on the way, and the headers that come there."""

    steps: tuple[Step, ...]
    place: Place
    headers: Headers
