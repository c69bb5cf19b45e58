"""libnftables in this process: one context per namespace, a ruleset's change as one transaction.

What its language cannot say follows in a transaction of its own: see `quoting` and `advertising`.
"""

import contextlib
import ctypes
import re
import threading
from typing import Protocol

from elastinet.fabric.kernel import advertising, quoting
from elastinet.fabric.kernel.expressions import RawRule, messages
from elastinet.fabric.kernel.netlink import NETFILTER, NetlinkSocket

RAW = re.compile(r'add (quoted|advertised) (\w+) (\S+) (\S+) (.+) comment "(\w+)"\n')
MAKERS = {"quoted": quoting.expressions, "advertised": advertising.expressions}
NAMES = ("libnftables.so.1", "libnftables.so")
ALONE = threading.Lock()
"""The library remembers the links of the namespace that it runs in, for all threads together: a second one at
the same time finds the first one's, and says of its own that they do not exist."""


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
        said_otherwise = [_raw(*found) for found in RAW.findall(text)]
        with ALONE:
            refused = self._library.nft_run_cmd_from_buffer(self._context, RAW.sub("", text).encode())
        if not refused:
            return _append(said_otherwise) if said_otherwise else None
        said: bytes = self._library.nft_ctx_get_error_buffer(self._context)
        return said.decode().strip().split("\n")[0] or "nftables refused without a reason"

    def close(self) -> None:
        """Free the context and its socket."""
        self._library.nft_ctx_free(self._context)


def _raw(noun: str, family: str, table: str, chain: str, words: str, comment: str) -> RawRule:
    return RawRule(family, table, chain, MAKERS[noun](*words.split()), comment)


def _append(rules: list[RawRule]) -> str | None:
    """Append rules to their chains, all or none; give the reason of a refusal."""
    with contextlib.closing(NetlinkSocket(NETFILTER)) as netlink:
        errors = filter(None, netlink.transact(messages(rules)))
        return next((f"a rule in the kernel's own form: {error.strerror}" for error in errors), None)
