"""A guest's port that changes hands: who begins to connect meanwhile is not heard, and so not refused.

He asks again a second later, as TCP does. The guest's own packet filter does that, in its namespace, for
nothing else sees all that comes to the port. It is told in the kernel's own form, and nothing of it is read:
what is in it is the guest's, and may be endless. It may be busy, so a thread tells it that nobody waits for.
"""

import errno
import os
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import closing

from elastinet.fabric.kernel import expressions, kernel
from elastinet.fabric.kernel.expressions import EQUAL, TRANSPORT, RawRule, compare, load
from elastinet.fabric.kernel.loop import Concern, Loop
from elastinet.fabric.kernel.netlink import NETFILTER, Message, NetlinkSocket
from elastinet.fabric.kernel.worker import start_thread

FAMILY, NAME, CHAIN = "inet", "elastinet_port", "held"
LOCAL_IN, BEFORE_OTHERS = 1, -310
SEEN, PORT_AT, FLAGS_AT = 8, 2, 13
BEGINNING, OF_BEGINNING = b"\x02", b"\x17"
"""A first packet has SYN of the flags FIN, SYN, RST and ACK."""


def _beginnings(port: int) -> tuple[bytes, ...]:
    """The packets by which connections to a port begin, which are dropped."""
    return (
        *(expressions.load_protocol(SEEN), compare(SEEN, EQUAL, bytes((socket.IPPROTO_TCP,)))),
        *(load(SEEN, TRANSPORT, PORT_AT, 2), compare(SEEN, EQUAL, struct.pack(">H", port))),
        *(load(SEEN, TRANSPORT, FLAGS_AT, 1), expressions.masked(SEEN, OF_BEGINNING)),
        *(compare(SEEN, EQUAL, BEGINNING), expressions.drop()),
    )


def hold(port: int) -> list[Message]:
    """Have nobody begin to connect to a port."""
    return expressions.transaction(
        expressions.new_table(FAMILY, NAME),
        expressions.new_chain(FAMILY, NAME, CHAIN, LOCAL_IN, BEFORE_OTHERS),
        expressions.new_rule(RawRule(FAMILY, NAME, CHAIN, _beginnings(port), "held")),
    )


def release() -> list[Message]:
    """Have everybody connect again."""
    return expressions.transaction(expressions.delete_table(FAMILY, NAME))


def tell(
    namespace: int, messages: Sequence[Message], loop: Loop, about: Concern, then: Callable[[str], None]
) -> None:
    """Tell a guest's packet filter, and then why it has refused ("": it has not); raises OSError."""
    own = os.dup(namespace)

    def work() -> None:
        why = _told(own, messages)
        loop.soon(lambda: then(why), about)

    try:
        start_thread(work, "port")
    except OSError:
        os.close(own)
        raise


def _told(namespace: int, messages: Sequence[Message]) -> str:
    try:
        kernel.setns(namespace, kernel.CLONE_NEWNET)
        with closing(NetlinkSocket(NETFILTER)) as netlink:
            errors = [error for error in netlink.transact(messages) if error]
    except OSError as error:
        errors = [error]
    finally:
        os.close(namespace)
    return next((str(error) for error in errors if error.errno != errno.ENOENT), "")
