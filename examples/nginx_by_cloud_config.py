"""nginx on a Debian image behind an Elastic IP, all of it by `#cloud-config`: cloud-init itself reads it.

The image is built by mmdebstrap, or brought: `python nginx_by_cloud_config.py ROOT.tar.xz` takes one that has
cloud-init. Packages come from Debian, by `start --outside`.
"""

import sys

from region import Region, check

BUILD = "build web bookworm --include cloud-init,systemd-sysv,dbus,iproute2,ca-certificates".split()
CONFIG = """#cloud-config
locale: C.UTF-8
packages: [nginx-light]
write_files:
- path: /var/www/html/index.html
  content: aGVsbG8gZnJvbSBjbG91ZC1pbml0Cg==
  encoding: b64
  owner: www-data:www-data
  permissions: '0640'
"""
WAIT = "for n in $(seq 1200); do test -e /run/cloud-init/result.json && exit; sleep 0.1; done; exit 1"
FILE = "stat -c '%U:%G %a' /var/www/html/index.html"
DMI = "cd /sys/class/dmi/id; cat sys_vendor board_asset_tag; cloud-id"

with Region("--outside") as region:
    bring = ("import", "web", *sys.argv[1:]) if sys.argv[1:] else BUILD
    image = region.elastinet("image", *bring).split()[-1]
    print("✓ an image:", image, flush=True)
    vpc = region.network("10.0.1.0/24")
    group = region.group(vpc.id, "web", 80, "0.0.0.0/0")
    interface = region.interface(vpc.subnets[0], group)["NetworkInterfaceId"]
    address = region.elastic_ip(interface)
    card = {"DeviceIndex": 0, "NetworkInterfaceId": interface}
    web = region.launch("", "", ImageId=image, UserData=CONFIG, NetworkInterfaces=[card])

    check("cloud-init has come to its end", region.works(web.id, WAIT))
    result = region.run(web.id, "cat /run/cloud-init/result.json")
    check("without an error", '"errors": []' in result, result)
    page = region.fetch("internet", address)
    check("nginx answers at the Elastic IP", page == "hello from cloud-init", f"{address}: {page}")
    check("the page is as was asked", region.run(web.id, FILE).strip() == "www-data:www-data 640")
    vendor, tag, cloud = region.run(web.id, DMI).splitlines()
    check("the instance looks like EC2's", (vendor, tag, cloud) == ("Amazon EC2", web.id, "aws"), tag)
