"""libnftables in this process: one context per namespace, a ruleset's change as one transaction.

What its language cannot say follows in a transaction of its own: see `quoting`.
"""

import contextlib
import ctypes
import ctypes.util
import re
from typing import Protocol

from elastinet.fabric.kernel import quoting
from elastinet.fabric.kernel.netlink import NETFILTER, NetlinkSocket

QUOTED = re.compile(r'add quoted inet (\S+) (\S+) (\w+) (\w+) map @(\w+) comment "(\w+)"\n')
INET = 1
NAMES = ("libnftables.so.1", "libnftables.so")


def load() -> ctypes.CDLL:
    """Load the library; OSError when this machine has none."""
    for name in NAMES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        break
    else:
        raise OSError("libnftables is not installed")
    library.nft_ctx_new.restype = ctypes.c_void_p
    library.nft_ctx_get_error_buffer.restype = ctypes.c_char_p
    for function in (
        "nft_ctx_buffer_output",
        "nft_ctx_buffer_error",
        "nft_ctx_free",
        "nft_ctx_get_error_buffer",
    ):
        getattr(library, function).argtypes = [ctypes.c_void_p]
    library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    return library


class Nft(Protocol):
    """The packet filter of one network namespace."""

    def run(self, text: str) -> str | None:
        """Apply commands, all or none; give the first line of the refusal if they were refused."""

    def close(self) -> None:
        """Change no more."""


class NftContext:
    """A context in the network namespace of the thread that makes it."""

    def __init__(self) -> None:
        self._library = load()
        self._context = self._library.nft_ctx_new(0)
        if not self._context:
            raise OSError("libnftables cannot open its netlink socket")
        self._library.nft_ctx_buffer_output(self._context)
        self._library.nft_ctx_buffer_error(self._context)

    def run(self, text: str) -> str | None:
        """Apply commands, all or none; give the first line of the refusal if they were refused."""
        said_otherwise = [quoting.Quoted(INET, *found) for found in QUOTED.findall(text)]
        if not self._library.nft_run_cmd_from_buffer(self._context, QUOTED.sub("", text).encode()):
            return _quote(said_otherwise) if said_otherwise else None
        said: bytes = self._library.nft_ctx_get_error_buffer(self._context)
        return said.decode().strip().split("\n")[0] or "nftables refused without a reason"

    def close(self) -> None:
        """Free the context and its socket."""
        self._library.nft_ctx_free(self._context)


def _quote(rules: list[quoting.Quoted]) -> str | None:
    """Append rules about quoted packets, all or none; give the reason of a refusal."""
    with contextlib.closing(NetlinkSocket(NETFILTER)) as netlink:
        errors = filter(None, netlink.transact(quoting.messages(rules)))
        return next((f"a rule about quoted packets: {error.strerror}" for error in errors), None)
