import pytest

from refused import refused


@pytest.fixture
def allocation(ec2):
    return ec2.allocate_address(Domain="vpc")["AllocationId"]


def shown(ec2, *ids):
    asked = {"AllocationIds": list(ids)} if ids else {}
    return ec2.describe_addresses_attribute(Attribute="domain-name", **asked)["Addresses"]


def test_a_reverse_name(ec2, allocation):
    made = ec2.modify_address_attribute(AllocationId=allocation, DomainName="mail.example.com")["Address"]
    assert made["PtrRecordUpdate"] == {"Status": "PENDING", "Value": "mail.example.com"}
    (found,) = shown(ec2, allocation)
    assert (found["AllocationId"], found["PtrRecord"]) == (allocation, "mail.example.com.")
    assert shown(ec2) == [found]
    with refused("InvalidAddress.Locked"):
        ec2.release_address(AllocationId=allocation)
    ec2.reset_address_attribute(AllocationId=allocation, Attribute="domain-name")
    assert "PtrRecord" not in shown(ec2, allocation)[0]
    ec2.release_address(AllocationId=allocation)
    with refused("InvalidAllocationID.NotFound"):
        shown(ec2, allocation)


def test_what_cannot_be(ec2, allocation):
    for name in ("no spaces.example.com", "localhost", "-a.example.com", "a" * 260 + ".com"):
        with refused("InvalidParameterValue", "DomainName"):
            ec2.modify_address_attribute(AllocationId=allocation, DomainName=name)
    with refused("MissingParameter", "DomainName"):
        ec2.modify_address_attribute(AllocationId=allocation)
    with refused("InvalidParameterValue", "attribute"):
        ec2.reset_address_attribute(AllocationId=allocation, Attribute="colour")
    with refused("InvalidAllocationID.NotFound"):
        ec2.reset_address_attribute(AllocationId="eipalloc-00000000000000000", Attribute="domain-name")
