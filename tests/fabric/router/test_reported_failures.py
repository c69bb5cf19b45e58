"""What cannot be done in a namespace is told by whom it concerns."""

from elastinet.fabric.contract.keys import Key
from elastinet.fabric.router.router import failed_owners

NETWORK, ENI = Key("network", "vpc-1"), Key("interface", "eni-1")


def test_a_failure_is_of_the_object_that_asked_or_else_of_the_namespace() -> None:
    failures = {("link", "e1"): "no room", ("dhcp",): "not found", ("route", "10.0.0.0/16"): "refused"}
    owners = {("link", "e1"): ENI, ("link", "e2"): NETWORK}
    told = failed_owners(failures, owners, NETWORK)
    assert told.keys() == {ENI, NETWORK}
    assert told[ENI] == "no room"
    assert told[NETWORK] == "dhcp: not found; route/10.0.0.0/16: refused"
