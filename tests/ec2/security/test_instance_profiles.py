import pytest

from place import instances, launch, make_place
from refused import refused

ARN = "arn:aws:iam::000000000000:instance-profile/worker"


@pytest.fixture
def place(ec2):
    return make_place(ec2)


@pytest.fixture
def instance(ec2, place):
    return launch(ec2, place)[0]["InstanceId"]


def associate(ec2, instance, **profile):
    made = ec2.associate_iam_instance_profile(IamInstanceProfile=profile or {"Arn": ARN}, InstanceId=instance)
    return made["IamInstanceProfileAssociation"]


def there(ec2, **asked):
    found = ec2.describe_iam_instance_profile_associations(**asked)["IamInstanceProfileAssociations"]
    return [one["AssociationId"] for one in found]


def test_the_life_of_an_association(ec2, instance):
    assert there(ec2) == []
    made = associate(ec2, instance, Name="worker")
    id, owner = made["AssociationId"], made["IamInstanceProfile"]["Arn"].split(":")[4]
    assert made["IamInstanceProfile"]["Arn"] == f"arn:aws:iam::{owner}:instance-profile/worker"
    assert (made["InstanceId"], made["State"]) == (instance, "associating")
    assert instances(ec2, instance)[0]["IamInstanceProfile"] == made["IamInstanceProfile"]
    (shown,) = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    assert shown["State"] == "associated"
    ended = ec2.disassociate_iam_instance_profile(AssociationId=id)["IamInstanceProfileAssociation"]
    assert (ended["AssociationId"], ended["State"]) == (id, "disassociating")
    assert "IamInstanceProfile" not in instances(ec2, instance)[0]
    assert there(ec2) == []


def test_a_launch_with_a_profile_associates_it(ec2, place):
    one, other = launch(ec2, place, 2, IamInstanceProfile={"Arn": ARN})
    assert len(there(ec2)) == 2
    named = [{"Name": "instance-id", "Values": [one["InstanceId"]]}]
    (id,) = there(ec2, Filters=named)
    assert there(ec2, AssociationIds=[id]) == [id]
    assert there(ec2, Filters=[{"Name": "state", "Values": ["associating"]}]) == []
    ec2.terminate_instances(InstanceIds=[one["InstanceId"]])
    assert there(ec2, Filters=named) == []
    assert one["IamInstanceProfile"] == other["IamInstanceProfile"]


def test_replace(ec2, instance):
    id = associate(ec2, instance)["AssociationId"]
    new = {"Arn": ARN.replace("worker", "other")}
    ec2.stop_instances(InstanceIds=[instance])
    with refused("IncorrectState", f"The association {id} is not the active association"):
        ec2.replace_iam_instance_profile_association(AssociationId=id, IamInstanceProfile=new)
    ec2.start_instances(InstanceIds=[instance])
    ec2.replace_iam_instance_profile_association(AssociationId=id, IamInstanceProfile=new)
    assert instances(ec2, instance)[0]["IamInstanceProfile"]["Arn"] == new["Arn"]
    (now,) = there(ec2)
    assert now != id


def test_refusals(ec2, instance):
    with refused("InvalidParameterCombination"):
        associate(ec2, instance, Arn=ARN, Name="worker")
    with refused("InvalidInstanceID.NotFound"):
        associate(ec2, "i-00000000000000000")
    associate(ec2, instance)
    with refused("IncorrectState", f"There is an existing association for instance {instance}"):
        associate(ec2, instance)
    none = "iip-assoc-00000000000000000"
    for asked in (
        lambda: ec2.disassociate_iam_instance_profile(AssociationId=none),
        lambda: ec2.replace_iam_instance_profile_association(
            AssociationId=none, IamInstanceProfile={"Arn": ARN}
        ),
        lambda: there(ec2, AssociationIds=[none]),
    ):
        with refused("InvalidAssociationID.NotFound", none):
            asked()
    (id,) = there(ec2)
    ec2.terminate_instances(InstanceIds=[instance])
    with refused("InvalidAssociationID.NotFound"):
        ec2.disassociate_iam_instance_profile(AssociationId=id)
    with refused("IncorrectInstanceState"):
        associate(ec2, instance)
