"""A management network: a second interface, with a group and a subnet of its own, beside the public one."""

from region import WEB, Region, check

with Region() as region:
    vpc = region.network("10.0.1.0/24", "10.0.9.0/24")
    public, management = vpc.subnets
    web = region.group(vpc.id, "web", 80, "0.0.0.0/0")
    admin = region.group(vpc.id, "admin", 8443, "10.0.9.0/24")
    interfaces = [
        {"DeviceIndex": 0, "SubnetId": public, "Groups": [web]},
        {"DeviceIndex": 1, "SubnetId": management, "Groups": [admin], "PrivateIpAddress": "10.0.9.10"},
    ]
    served = WEB.format("welcome", 80) + "busybox httpd -p 8443 -h /srv/www\n"
    server = region.launch(public, web, served, NetworkInterfaces=interfaces)
    operator = region.launch(management, vpc.group)
    address = region.elastic_ip(server.eni)

    shown = region.run(server.id, "ip -4 -brief addr")
    check("one instance, two interfaces", server.ip in shown and "10.0.9.10" in shown)
    check("everybody reaches its public face", region.fetch("internet", address) == "welcome", address)
    check("but not the console there", not region.fetch("internet", f"{address}:8443"))
    check("an operator reaches the console", region.fetch(operator.id, "10.0.9.10:8443") == "welcome")
    check("through the management interface only", not region.fetch(operator.id, f"{server.ip}:8443"))
    check("which serves no customers", not region.fetch(operator.id, "10.0.9.10"))
