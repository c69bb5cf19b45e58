"""A pair: when one instance falls silent, the other moves the address to itself, by EC2's API from inside."""

import time

from region import WEB, Region, check

PROFILE = {"Arn": "arn:aws:iam::000000000000:instance-profile/pair"}
NOTIFY = """
get() {{ curl -s -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/$1; }}
token=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
eni=$(get meta-data/network/interfaces/macs/$(get meta-data/mac)/interface-id)
get meta-data/iam/security-credentials/pair | tr -d ' ",' > /run/role
secret() {{ sed -n "s/^$1://p" /run/role; }}
curl -s --aws-sigv4 aws:amz:us-east-1:ec2 --user "$(secret AccessKeyId):$(secret SecretAccessKey)" \\
  -H "X-Amz-Security-Token: $(secret Token)" https://ec2.us-east-1.amazonaws.com/ -d Version=2016-11-15 \\
  -d Action=AssociateAddress -d AllocationId={0} -d NetworkInterfaceId=$eni -d AllowReassociation=true
"""
"""What keepalived's notify_master would run; the AWS CLI would sign as curl does here."""
WATCH = "while curl -s -m 1 {0}; do sleep 0.2; done; . /root/notify"

with Region() as region:
    vpc = region.network("10.0.1.0/24")
    web = region.group(vpc.id, "web", 80, "0.0.0.0/0")
    card = {"DeviceIndex": 0, "SubnetId": vpc.subnets[0], "Groups": [web], "AssociatePublicIpAddress": True}
    first, second = (
        region.launch("", "", WEB.format(name, 80), NetworkInterfaces=[card], IamInstanceProfile=PROFILE)
        for name in ("first", "second")
    )
    address = region.elastic_ip(first.eni)
    allocation = region.ec2.describe_addresses(PublicIps=[address])["Addresses"][0]["AllocationId"]
    check("customers reach the first", region.fetch("internet", address) == "first", address)

    region.run(second.id, f"cat > /root/notify << 'end'\n{NOTIFY.format(allocation)}\nend")
    region.run(second.id, f"nohup sh -c '{WATCH.format(first.ip)}' > /root/log 2>&1 &")
    region.run(first.id, "pkill -x busybox")
    began = time.monotonic()
    while (page := region.fetch("internet", address)) != "second" and time.monotonic() < began + 30:
        time.sleep(0.1)
    said = "" if page else region.run(second.id, "cat /root/log")
    check("and the second as soon as its script has the address", page == "second", said or address)
