"""AWS's endpoints as a host of the internet: a namespace of its own, with nothing but the engine's sockets.

They do not listen in the internet's namespace: whoever is root there could not have the port 80 of all
addresses any more, and could take the endpoints' place.
"""

from functools import partial

from elastinet.catalog.network import GATEWAY_MTU
from elastinet.fabric.agent.own_links import give, no_link, take_away
from elastinet.fabric.compile.items import Link, LinkAddress, Neighbour, RouteItem
from elastinet.fabric.contract import names
from elastinet.fabric.kernel import kernel, rtnl, sysctls
from elastinet.fabric.kernel.loop import complain
from elastinet.fabric.kernel.netlink import change
from elastinet.fabric.kernel.worker import Worker
from elastinet.fabric.router import listening
from elastinet.fabric.router.listening import Sockets

LOOPBACK, IN_INTERNET, INDEX = "lo", "aws0", 22
LINK = Link(
    "eth0", 2, names.INTERNET, GATEWAY_MTU, names.API_MAC, names.INTERNET, "", IN_INTERNET,
    names.INTERNET_MAC, peer_index=INDEX,
)  # fmt: skip
SYSCTLS = {
    "ipv4/ip_forward": "0",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "ipv6/conf/all/disable_ipv6": "0",
    "ipv6/conf/default/disable_ipv6": "0",
}
FAMILIES = {
    4: (names.API_ADDRESS, names.INTERNET_ADDRESS, 32, "0.0.0.0/0"),
    6: (names.API_ADDRESS6, names.INTERNET_ADDRESS6, 128, "::/0"),
}
"""By version of IP: their address, the internet's, the bits of one address, and all addresses."""


class Endpoints:
    """Their namespace, which lasts as long as the agent, and its link to the internet's."""

    def __init__(self) -> None:
        self.sockets: Sockets = {}
        self._worker = Worker("endpoints", None)
        try:
            self._worker.call(self._settle)
        except OSError:
            self._worker.stop()
            raise

    def _settle(self) -> None:
        """Have the addresses and the sockets; runs in their namespace."""
        sysctls.forget_machine()
        for sysctl, value in SYSCTLS.items():
            sysctls.write(sysctl, value)
        change([rtnl.up(1)])
        for own, _, bits, _ in _families():
            give(LinkAddress(LOOPBACK, own, bits))
            self.sockets |= listening.endpoints(own)

    def make(self, internet: int) -> None:
        """Make the link to the internet's namespace, of which this is a descriptor; raises OSError."""
        self.close()
        self._worker.call(lambda: _build(internet))

    def close(self) -> None:
        """Take the link away, if it is there."""
        try:
            self._worker.call(partial(take_away, LINK))
        except OSError as error:
            complain(f"the way to AWS's endpoints: {error}")


def _families() -> list[tuple[str, str, int, str]]:
    """Of the families that this kernel has, what is in `FAMILIES`."""
    found = [4, 6] if sysctls.read("ipv6/conf/all/disable_ipv6") else [4]
    return [FAMILIES[version] for version in found]


def _build(internet: int) -> None:
    """Make the link, and the ways over it; nobody is asked for an address, so nobody can claim one."""
    change([*rtnl.add(LINK, no_link, {names.INTERNET: internet}.__getitem__), rtnl.up(LINK.index)])
    families = _families()
    for _, other, bits, everywhere in families:
        give(
            Neighbour(LINK.name, other, names.INTERNET_MAC),
            RouteItem(names.MAIN_TABLE, f"{other}/{bits}", LINK.name),
            RouteItem(names.MAIN_TABLE, everywhere, LINK.name, other),
        )
    with kernel.visit(internet):
        change([rtnl.up(INDEX)])
        for own, _, bits, _ in families:
            give(
                Neighbour(IN_INTERNET, own, names.API_MAC),
                RouteItem(names.MAIN_TABLE, f"{own}/{bits}", IN_INTERNET),
            )
