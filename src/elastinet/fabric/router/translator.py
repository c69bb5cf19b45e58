"""A NAT gateway's translator of IPv6 to IPv4 and back: tayga, behind a device of its own.

tayga translates packet by packet and remembers nothing. The kernel remembers connections, and gives all that
comes one IPv6 address before (`compile.nat64`).
"""

from elastinet.catalog.network import JUMBO_MTU
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Appliance
from elastinet.fabric.kernel import tun
from elastinet.fabric.router.daemon import Daemon

CONFIG = (
    f"tun-device {names.NAT64_LINK}",
    f"ipv4-addr {names.TRANSLATOR_ADDRESS}",
    f"prefix {names.TRANSLATED_PREFIX}",
    f"map {names.TRANSLATED_ADDRESS} {names.TRANSLATED_ADDRESS6}",
)


class Translator:
    """A NAT gateway's tayga and its device, there while the gateway translates.

    Its methods run in the gateway's worker thread.
    """

    def __init__(self, gateway: str, user: int | None = None) -> None:
        self.daemon = Daemon(gateway, "nat64", (), user)
        self._user = user

    def keep(self, gateway: Appliance) -> None:
        """Have it run if the gateway translates."""
        if not gateway.nat64:
            self.daemon.stop()
            return
        if not tun.is_there(names.NAT64_LINK):
            self.daemon.stop()  # it would not notice that its device is gone
            tun.make(names.NAT64_LINK, JUMBO_MTU, self._user)
        if not self.daemon.lives:
            path = self.daemon.write("tayga.conf", "\n".join(CONFIG) + "\n")
            self.daemon.start("tayga", "--nodetach", "-c", str(path))
            self.daemon.wait(lambda: tun.is_read(names.NAT64_LINK), "tayga does not translate")
