import pytest

from elastinet.engine import Engine
from elastinet.model.fault import Fault
from elastinet.store import MemoryJournal
from place import launch, make_place
from refused import refused
from served import new_account


@pytest.fixture
def account():
    return new_account()


@pytest.fixture
def other(server, account):
    return server.client(account=account)


@pytest.fixture
def address(ec2):
    return ec2.allocate_address()


def offer(ec2, address, account):
    made = ec2.enable_address_transfer(AllocationId=address["AllocationId"], TransferAccountId=account)
    return made["AddressTransfer"]


def offers(ec2, **asked):
    return ec2.describe_address_transfers(**asked)["AddressTransfers"]


def test_an_address_changes_hands(ec2, other, account, address):
    ip, id = address["PublicIp"], address["AllocationId"]
    made = offer(ec2, address, account)
    assert (made["AddressTransferStatus"], made["TransferAccountId"]) == ("pending", account)
    assert offers(ec2, AllocationIds=[id]) == [made]
    assert offers(other) == []
    taken = other.accept_address_transfer(
        Address=ip, TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": [{"Key": "a", "Value": "b"}]}]
    )["AddressTransfer"]
    assert (taken["AddressTransferStatus"], taken["PublicIp"]) == ("accepted", ip)
    (theirs,) = other.describe_addresses()["Addresses"]
    assert (theirs["AllocationId"], theirs["PublicIp"]) == (taken["AllocationId"], ip)
    assert theirs["Tags"] == [{"Key": "a", "Value": "b"}]
    assert ec2.describe_addresses()["Addresses"] == []
    assert offers(ec2)[0]["AddressTransferStatus"] == "accepted"
    with refused("InvalidAddress.NotFound", ip):
        other.accept_address_transfer(Address=ip)


def test_an_offer_taken_back(ec2, other, account, address):
    id = address["AllocationId"]
    with refused("InvalidParameterValue"):
        ec2.disable_address_transfer(AllocationId=id)
    offer(ec2, address, account)
    ended = ec2.disable_address_transfer(AllocationId=id)["AddressTransfer"]
    assert ended["AddressTransferStatus"] == "disabled"
    assert offers(ec2) == []
    with refused("InvalidAddress.NotFound"):
        other.accept_address_transfer(Address=address["PublicIp"])
    offer(ec2, address, account)
    ec2.release_address(AllocationId=id)
    with refused("InvalidAddress.NotFound"):
        other.accept_address_transfer(Address=address["PublicIp"])


def test_offers_that_cannot_be(ec2, other, account, address):
    for nobody in ("me", address["AllocationId"]):
        with refused("InvalidParameterValue", "TransferAccountId"):
            offer(ec2, address, nobody)
    with refused("InvalidAllocationID.NotFound"):
        offer(ec2, {"AllocationId": "eipalloc-00000000000000000"}, account)
    with refused("InvalidAllocationID.NotFound"):
        offers(ec2, AllocationIds=["eipalloc-00000000000000000"])
    with refused("InvalidAddress.NotFound"):
        other.accept_address_transfer(Address=address["PublicIp"])


def test_addresses_that_cannot_be_taken(ec2, other, account, address):
    ip, id = address["PublicIp"], address["AllocationId"]
    offer(ec2, address, account)
    ec2.modify_address_attribute(AllocationId=id, DomainName="example.com")
    with refused("InvalidTransfer.AddressCustomPtrSet"):
        other.accept_address_transfer(Address=ip)
    ec2.reset_address_attribute(AllocationId=id, Attribute="domain-name")
    (instance,) = launch(ec2, make_place(ec2))
    bound = ec2.associate_address(AllocationId=id, InstanceId=instance["InstanceId"])
    with refused("InvalidTransfer.AddressAssociated"):
        other.accept_address_transfer(Address=ip)
    ec2.disassociate_address(AssociationId=bound["AssociationId"])
    for _ in range(5):
        other.allocate_address()
    with refused("AddressLimitExceeded"):
        other.accept_address_transfer(Address=ip)
    assert [a["PublicIp"] for a in ec2.describe_addresses()["Addresses"]] == [ip]


def test_time_ends_offers():
    now = [1.8e9]
    engine = Engine(MemoryJournal(), clock=lambda: now[0])
    ours, theirs = "111111111111", "222222222222"

    def call(account, action, **params):
        return engine.call(account, "us-east-1", action, params) or {}

    first, second = (call(ours, "AllocateAddress") for _ in range(2))
    for address in (first, second):
        id = address["AllocationId"]
        call(ours, "EnableAddressTransfer", AllocationId=id, TransferAccountId=theirs)
    call(theirs, "AcceptAddressTransfer", Address=first["PublicIp"])
    now[0] += 7 * 3600 + 1
    with pytest.raises(Fault, match="not found"):
        call(theirs, "AcceptAddressTransfer", Address=second["PublicIp"])
    engine.sweep()
    (left,) = call(ours, "DescribeAddressTransfers")["AddressTransfers"]
    assert left["PublicIp"] == first["PublicIp"]
    now[0] += 14 * 86_400
    engine.sweep()
    assert call(ours, "DescribeAddressTransfers")["AddressTransfers"] == []
