"""What the package ec2-metadata tells inside an instance."""

import json

from ec2_metadata import ec2_metadata as here

interfaces = {
    mac: {
        "id": found.interface_id,
        "addresses": found.private_ipv4s,
        "public": found.public_ipv4s,
        "subnet": found.subnet_id,
        "block": found.subnet_ipv4_cidr_block,
        "vpc": found.vpc_id,
        "groups": found.security_group_ids,
        "device": found.device_number,
        "owner": found.owner_id,
    }
    for mac, found in here.network_interfaces.items()
}
told = {
    "instance": here.instance_id,
    "region": here.region,
    "zone": here.availability_zone,
    "zone id": here.availability_zone_id,
    "account": here.account_id,
    "image": here.ami_id,
    "type": here.instance_type,
    "address": here.private_ipv4,
    "name": here.private_hostname,
    "public": here.public_ipv4,
    "profile": here.iam_info["InstanceProfileArn"],
    "tags": dict(here.tags),
    "user data": here.user_data.decode(),
    "spot": here.spot_instance_action,
    "interfaces": interfaces,
}
print(json.dumps(told))
