"""Containers in two instances: one has a port of its instance's, which a container in the other one asks.

Both are bridged inside their instance by podman; outside there are the instances' addresses and groups.
"""

from region import Region, check

IMAGE = """
cd /root; mkdir -p root/bin
cp -L --parents $(ldd /bin/busybox | grep -o '/[^ ]*') root 2>/dev/null
cp /bin/busybox root/bin; for name in sh mkdir hostname httpd; do ln -s busybox root/bin/$name; done
tar -C root -c . | podman import -q - busybox
"""
"""The smallest of images, out of a tar: there is no registry here."""
SERVE = "mkdir /www; hostname >/www/index.html; exec httpd -f -p 80 -h /www"
ASK = "podman run --rm busybox busybox wget -q -O - http://{}:{}/"


def published(region: Region, where: str, port: int) -> str:
    """Start a web server in a container, at a port of its instance; gives the container's host name."""
    name = f"web{port}"
    begin = f"podman run -d --name {name} --hostname {name} -p {port}:80 busybox sh -c '{SERVE}'"
    wait = f"for n in $(seq 100); do curl -s localhost:{port} && exit; sleep 0.1; done; exit 1"
    return region.run(where, f"{begin} >/dev/null && {wait}").strip()


with Region() as region:
    vpc = region.network("10.0.1.0/24")
    group = region.group(vpc.id, "web", port=8080, source=vpc.group)
    web, client = region.launch(vpc.subnets[0], group), region.launch(vpc.subnets[0], vpc.group)
    region.settle()
    for instance in (web, client):
        check("an image comes out of a tar", "sha256:" in region.run(instance.id, IMAGE))
    for how in ("none", "host", "bridge"):
        region.run(client.id, f"podman run --rm --network {how} busybox sh -c true")
    check("containers run without a network, with their instance's, and with one of their own", True)

    for port in (8080, 9090):
        name = published(region, web.id, port)
        check("a container serves at a port of its instance", name == f"web{port}", name)
    page = region.run(client.id, ASK.format(web.ip, 8080)).strip()
    check("a container in another instance reads it", page == "web8080", page)
    check("a port that no group opens is closed", not region.fetch(client.id, f"{web.ip}:9090"))
