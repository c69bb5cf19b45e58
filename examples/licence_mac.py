"""A licence bound to a MAC address: it goes where its network interface goes."""

from region import Region, check

PROGRAM = """
for device in /sys/class/net/*; do
    [ "$(sha256sum < $device/address)" != "$(cat /etc/licence)" ] || exec echo licensed on ${device##*/}
done
echo no licence; exit 1
"""

with Region() as region:
    vpc = region.network("10.0.1.0/24")
    (subnet,) = vpc.subnets
    old, new = region.launch(subnet, vpc.group), region.launch(subnet, vpc.group)
    interface = region.interface(subnet, vpc.group)
    id, mac = interface["NetworkInterfaceId"], interface["MacAddress"]
    for instance in (old, new):
        region.run(instance.id, f"echo {mac} | sha256sum > /etc/licence")

    check("without the interface the program refuses", not region.works(old.id, PROGRAM), mac)
    region.attach(id, old.id)
    check("with it, it runs", "licensed on eth1" in region.run(old.id, PROGRAM))
    check("the licence does not cover the other machine", not region.works(new.id, PROGRAM))
    region.move(id, new.id)
    check("moved to the new machine, it runs there", "licensed on eth1" in region.run(new.id, PROGRAM))
    check("and no longer on the old one", not region.works(old.id, PROGRAM))
    region.ec2.stop_instances(InstanceIds=[new.id])
    region.settle()
    region.ec2.start_instances(InstanceIds=[new.id])
    check("a stop and a start change nothing", "licensed on eth1" in region.run(new.id, PROGRAM))
