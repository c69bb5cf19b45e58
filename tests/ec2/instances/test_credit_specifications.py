import pytest

from place import launch, make_place
from refused import refused


@pytest.fixture
def place(ec2):
    return make_place(ec2)


def start(ec2, place, kind, **more):
    return launch(ec2, place, InstanceType=kind, **more)[0]["InstanceId"]


def options(ec2, *ids, **asked):
    told = ec2.describe_instance_credit_specifications(InstanceIds=list(ids), **asked)
    return {one["InstanceId"]: one["CpuCredits"] for one in told["InstanceCreditSpecifications"]}


def change(ec2, *wanted):
    items = [{"InstanceId": id, "CpuCredits": option} for id, option in wanted]
    told = ec2.modify_instance_credit_specification(InstanceCreditSpecifications=items)
    done, failed = (told[f"{s}uccessfulInstanceCreditSpecifications"] for s in ("S", "Uns"))
    return [one["InstanceId"] for one in done], {one["InstanceId"]: one["Error"]["Code"] for one in failed}


def test_options(ec2, place):
    asked = start(ec2, place, "t3.micro", CreditSpecification={"CpuCredits": "standard"})
    usual, other = start(ec2, place, "t3.micro"), start(ec2, place, "c5.large")
    assert options(ec2, asked, usual) == {asked: "standard", usual: "unlimited"}
    assert options(ec2) == {usual: "unlimited"}
    assert options(ec2, Filters=[{"Name": "instance-id", "Values": [asked]}]) == {}
    gone = "i-00000000000000000"
    done, failed = change(ec2, (asked, "unlimited"), (other, "standard"), (gone, "standard"))
    assert done == [asked]
    assert failed == {other: "InstanceCreditSpecification.NotSupported", gone: "InvalidInstanceID.NotFound"}
    assert options(ec2, asked) == {asked: "unlimited"}


def test_refusals(ec2, place):
    id = start(ec2, place, "c5.large")
    with refused("InstanceCreditSpecification.NotSupported", id):
        options(ec2, id)
    with refused("InvalidInstanceID.NotFound"):
        options(ec2, "i-00000000000000000")
    with refused("InvalidParameterValue", "Value (bogus) for parameter CpuCredits is invalid."):
        start(ec2, place, "t3.micro", CreditSpecification={"CpuCredits": "bogus"})
    with refused("InvalidParameterValue", "CpuCredits"):
        change(ec2, (id, "boundless"))
    burstable = start(ec2, place, "t3.micro")
    ec2.terminate_instances(InstanceIds=[burstable])
    assert change(ec2, (burstable, "standard")) == ([], {burstable: "IncorrectInstanceState"})
