"""What `elastinet status INSTANCE` tells of an instance that runs."""

import json
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

from commands import wait_until

KINDS = {
    "x-shellscript": "#!/bin/sh\nexit 3\n",
    "cloud-boothook": "#!/bin/sh\nsleep 3600\n",
    "cloud-config": "packages: [nginx]\n",
    "x-\x1b[31mred": "?",
}


def status(world, id):
    return json.loads(world.cli("status", id, "--json").stdout)


def test_user_data_addresses_and_what_differs(world):
    vpc = world.vpc()
    message = MIMEMultipart()
    for kind, text in list(KINDS.items())[::-1]:
        message.attach(MIMEText(text, kind))
    public = {
        "DeviceIndex": 0, "SubnetId": vpc.left, "Groups": [vpc.group], "AssociatePublicIpAddress": True,
    }  # fmt: skip
    (one,) = world.launch(
        vpc.left,
        vpc.group,
        NetworkInterfaces=[public],
        UserData=message.as_string().replace("sleep 3600", "exit"),
    )
    wait_until(lambda: [p["status"] for p in status(world, one.id)["user_data"]["programs"]] == [0, 3])
    page = status(world, one.id)
    assert (page["state"], page["boot"], page["failed"]) == ("running", 1, {})
    (shown,) = world.ec2.describe_instances(InstanceIds=[one.id])["Reservations"][0]["Instances"]
    assert page["interfaces"] == [
        {
            "interface": shown["NetworkInterfaces"][0]["NetworkInterfaceId"],
            "device": "eth0",
            "addresses": [one.ip],
            "public": [shown["PublicIpAddress"]],
        }
    ]
    assert page["limits"].keys() == {"memory", "processes", "cpu"}
    assert page["limits"]["cpu"] == "not asked for: `start --limits` has it limited"
    unread = page["user_data"]["not_run"]
    assert "#cloud-config needs an image with cloud-init, and is not run" in unread
    assert {"driver", "DMI", "init", "containers"} <= page["differs"].keys()
    text = world.cli("status", one.id).stdout
    assert "/scripts/part-004 ended with status 3\n" in text
    assert "\x1b" not in text
    assert all(sentence.isprintable() or "\\x1b" in text for sentence in unread)
    world.ec2.terminate_instances(InstanceIds=[one.id])


def test_names_and_the_metadata_service_by_name(world):
    vpc = world.vpc()
    (one,) = world.launch(vpc.left, vpc.group)
    name = f"ip-{one.ip.replace('.', '-')}"
    assert world.out(one.id, "hostname; hostname -f; hostname -i").split() == [
        name, f"{name}.ec2.internal", one.ip,
    ]  # fmt: skip
    assert world.out(one.id, "curl -s http://instance-data/latest/meta-data/instance-id") == one.id
    world.ec2.terminate_instances(InstanceIds=[one.id])
