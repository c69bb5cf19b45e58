"""The proxies that a machine's environment names, as its instances can have them. Pure.

They find each at an address of the internet's side, `ADDRESS`, and a port of its own there: a private address
is none that an internet gateway leads to. One at the machine's loopback is out of their reach, and one that
speaks TLS would not be known by that address; they are not offered.
"""

import ipaddress
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from elastinet.catalog.aws_endpoints import DOMAINS
from elastinet.catalog.network import PUBLIC_POOL
from elastinet.rules.closed_outside import PRIVATE

ADDRESS, FIRST_PORT = "203.0.113.5", 3128
NAMES = ("http_proxy", "https_proxy", "all_proxy")
BYPASS = "no_proxy"
PORTS = {"http": 80} | dict.fromkeys(("socks", "socks4", "socks4a", "socks5", "socks5h"), 1080)
"""The ports of proxies that name none, by scheme."""
HERE = (
    "localhost", "127.0.0.1", "::1", "169.254.169.254", "169.254.169.123", "fd00:ec2::254",
    *(word for domain in ("internal", *DOMAINS) for word in (domain, f".{domain}")),
    *map(str, (*PRIVATE, PUBLIC_POOL)),
)  # fmt: skip
"""What instances reach without a proxy: themselves, their metadata, our own names, each other's addresses.

Not every program reads networks there.
"""


class Server(NamedTuple):
    """A proxy's host, a name or an address, and its port."""

    host: str
    port: int


def offered(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that instances get, in lower and in upper case; none where the machine has no proxy."""
    ports = {server: port for port, server in enumerate(servers(environ), FIRST_PORT)}
    values = ((name, _value(environ, name)) for name in NAMES)
    found = {name: _moved(value, ports[server]) for name, value in values if (server := _server(value))}
    if not found:
        return {}
    own = (word.strip() for word in _stated(environ, BYPASS).split(","))
    kept = (word for word in own if word and word != "*" and _is_plain(word))
    found[BYPASS] = ",".join(dict.fromkeys((*HERE, *kept)))
    return found | {name.upper(): value for name, value in found.items()}


def servers(environ: Mapping[str, str]) -> list[Server]:
    """The proxies that are offered, in the order of their ports."""
    found = (_server(_value(environ, name)) for name in NAMES)
    return list(dict.fromkeys(server for server in found if server))


def _stated(environ: Mapping[str, str], name: str) -> str:
    """A variable by either spelling."""
    return environ.get(name) or environ.get(name.upper()) or ""


def _value(environ: Mapping[str, str], name: str) -> str:
    value = _stated(environ, name)
    return value if _is_plain(value) else ""


def _is_plain(value: str) -> bool:
    """True if all programs read a value alike in /etc/environment."""
    return value.isascii() and value.isprintable() and not set(value) & set(" \"'#\\$`")


def _moved(value: str, port: int) -> str:
    """A proxy's URL with the place where instances find it; a name and a password stay in it."""
    url = _url(value)
    known, at, _ = url.netloc.rpartition("@")
    return f"{url.scheme}://{known}{at}{ADDRESS}:{port}"


def _url(value: str) -> SplitResult:
    return urlsplit(value if "://" in value else f"http://{value}")


def _server(value: str) -> Server | None:
    """The server of a proxy's URL, which may have no scheme; None for one that is not offered."""
    with suppress(ValueError):
        url = _url(value)
        if url.hostname and url.scheme in PORTS and not _is_loopback(url.hostname):
            return Server(url.hostname, url.port or PORTS[url.scheme])
    return None


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")
