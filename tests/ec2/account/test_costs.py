"""What public addresses cost, by edition."""

import json
import urllib.request

import pytest

from place import launch, make_place


def told(served):
    with urllib.request.urlopen(f"{served.url}/_elastinet/costs") as reply:
        return json.loads(reply.read())


@pytest.mark.parametrize(
    ("rules", "prices"), [("classic", [0.0, 0.005, 0.005, 0.005, 0.0]), ("2026", [0.005] * 5)]
)
def test_ledger(serve, rules, prices):
    served = serve(rules=rules)
    ec2 = served.client()
    place = make_place(ec2)
    one, two = launch(ec2, place, 2)
    spec = {"DeviceIndex": 0, "SubnetId": place.subnet, "AssociatePublicIpAddress": True}
    launch(ec2, place, NetworkInterfaces=[spec])
    primary = one["NetworkInterfaces"][0]["NetworkInterfaceId"]
    more = ec2.assign_private_ip_addresses(NetworkInterfaceId=primary, SecondaryPrivateIpAddressCount=1)
    second = more["AssignedPrivateIpAddresses"][0]["PrivateIpAddress"]
    ids = [ec2.allocate_address()["AllocationId"] for _ in range(4)]
    ec2.associate_address(AllocationId=ids[0], NetworkInterfaceId=primary)
    ec2.associate_address(AllocationId=ids[1], NetworkInterfaceId=primary, PrivateIpAddress=second)
    ec2.associate_address(AllocationId=ids[2], InstanceId=two["InstanceId"])
    ec2.stop_instances(InstanceIds=[two["InstanceId"]])
    ledger = told(served)
    assert [line["use"] for line in ledger["lines"]] == [
        "running instance", "further address of a running instance", "instance that does not run", "idle",
        "lent to a running instance",
    ]  # fmt: skip
    assert [line["usd_per_hour"] for line in ledger["lines"]] == prices
    assert ledger["usd_per_hour"] == pytest.approx(sum(prices))
    assert all(line["source"] for line in ledger["lines"])
