"""libnftables in this process: one context per namespace, a ruleset's change as one transaction."""

import ctypes
import ctypes.util
from typing import Protocol

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
        if not self._library.nft_run_cmd_from_buffer(self._context, text.encode()):
            return None
        said: bytes = self._library.nft_ctx_get_error_buffer(self._context)
        return said.decode().strip().split("\n")[0] or "nftables refused without a reason"

    def close(self) -> None:
        """Free the context and its socket."""
        self._library.nft_ctx_free(self._context)
