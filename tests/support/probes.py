"""What instances send to each other in tests, and public addresses for it."""

from machine import Machine


def fetch(address: str, port: int = 80) -> str:
    return f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 1 {address} {port} | grep page"


def serve(machine: Machine, guest: str, port: int = 80):  # type: ignore[no-untyped-def]
    page = "cd /tmp; echo page > index.html"
    return machine.server(guest, f"{page}; exec busybox httpd -f -p {port} -h /tmp", port)


def pings(machine: Machine, guest: str, address: str, options: str = "") -> bool:
    """Whether one ping is answered within a second: for those that are not to be."""
    return machine.exec(guest, f"ping -n -c1 -W1 {options} {address}")[0] == 0


def reaches(machine: Machine, guest: str, address: str, options: str = "") -> bool:
    """Whether one ping is answered, however long a busy machine takes."""
    return machine.exec(guest, f"ping -n -c1 -W10 {options} {address}")[0] == 0


def public(number: int):  # type: ignore[no-untyped-def]
    from elastinet.fabric.contract.objects import Mapping

    return Mapping(f"203.0.113.{100 + number}", "vpc-1", {1: "10.0.1.10", 2: "10.0.2.20"}[number])
