"""A check of requests by the `Host` that they name and the headers that only browsers send.

Any credentials are accepted, so a page that is open in a browser on this machine could call the API. What
keeps it out: a browser always names in `Host` whom it takes us for; it says in `Origin` or `Sec-Fetch-Site`
that another origin's page asks; and where it does not (an old one, or a plain address that is not loopback)
it still calls itself Mozilla. A page can add no header of its own unless we had allowed it beforehand.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping

ASKED = "X-Elastinet"
"""The header that the command line sends: no page can, unasked."""

NAMES = ("localhost", *(f"{service}.localhost" for service in ("ec2", "iam", "ssm", "sts")))
"""The names that are always known; some clients and test suites insist on one with the service in front."""
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z._-]{1,253})(?::[0-9]{1,5})?")
_MOST_SHOWN = 100
_PROVEN = ("same-origin", "none")
_MARKS = ("origin", "referer", "cookie", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest")


class Origins:
    """The names by which the API is known; addresses are known always, for no name server can change them."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = frozenset(name.lower().rstrip(".") for name in (*NAMES, *names))

    def refusal(self, headers: Iterable[tuple[bytes, bytes]], *, changes: bool) -> str | None:
        """The reason to refuse a request, as a sentence, or None; `changes`: it may change something."""
        given = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        hosts = [value for name, value in given if name == "host"]
        if len(hosts) != 1 or not self.knows(hosts[0]):
            return _unknown(hosts)
        marks = {name: value for name, value in given if name in _MARKS}
        agent = next((value for name, value in given if name == "user-agent"), "")
        if foreign := _foreign(marks, hosts[0]):
            return f"A web page of another origin asks ({foreign}): none may."
        asked = any(name == ASKED.lower() for name, _ in given)
        if changes and not asked and (mark := _unproven(marks, agent)):
            return f"A browser seems to ask ({mark}). A program that means it sends the header {ASKED}: 1."
        return None

    def knows(self, authority: str) -> bool:
        """True if a `Host` is an IP address or one of our names, with any port."""
        found = _AUTHORITY.fullmatch(authority)
        if found is None:
            return False
        name = found[1].lower().removesuffix(".")
        return name in self._names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return name.startswith("[") == (":" in name)


def _unknown(hosts: list[str]) -> str:
    if len(hosts) != 1:
        return "A request has one Host header."
    name = hosts[0].encode("ascii", "backslashreplace").decode()[:_MOST_SHOWN]
    return (
        f"The host {name} is not known here. If it means this server, add its name to `hosts` in the "
        "configuration, or to ELASTINET_HOSTS."
    )


def _foreign(marks: Mapping[str, str], host: str) -> str | None:
    """The mark of a page that is not our own."""
    site, origin = marks.get("sec-fetch-site"), marks.get("origin")
    if site is not None and site.strip().lower() not in _PROVEN:
        return "Sec-Fetch-Site"
    if origin is not None and not _is_own(origin, host):
        return "Origin"
    return None


def _is_own(origin: str, host: str) -> bool:
    scheme, _, authority = origin.strip().lower().partition("://")
    return scheme in ("http", "https") and authority == host.lower()


def _unproven(marks: Mapping[str, str], agent: str) -> str | None:
    """The mark of a browser that does not say that our own page asks, or that shows a link's answer."""
    if marks.get("sec-fetch-mode", "").strip().lower() == "navigate":
        return "Sec-Fetch-Mode"
    if "sec-fetch-site" in marks or "origin" in marks:
        return None
    if agent.lstrip().lower().startswith("mozilla/"):
        return "User-Agent"
    return next((name.title() for name in _MARKS if name in marks), None)
