"""EC2's features by how elastinet has them: enforced on packets, modelled, only recorded, or absent."""

import os
from collections.abc import Mapping
from typing import Literal, NamedTuple

Level = Literal["enforced", "modelled", "recorded", "absent"]


class Feature(NamedTuple):
    """One thing that EC2 does, and how elastinet does it with a kernel fabric and without.

    Without what it needs it is as without a fabric, if it is not said to be otherwise.
    """

    name: str
    kernel: Level
    none: Level
    why: str
    needs: str = ""
    lacking: Level | None = None


FEATURES = (
    Feature("instance namespaces (net, uts, mount, pid), hostname, disk", "enforced", "recorded",
            "An instance runs this machine's userland on an overlay; its image is recorded."),
    Feature("an instance's root is nobody on this machine", "enforced", "absent",
            "Its ids are a range that nobody else has; a user's instances are that user.", "ids"),
    Feature("root's engine, dnsmasq, tayga and relays are users of their own", "enforced", "enforced",
            "Without root's files and powers. A user's are that user, without capabilities.",
            "engine", "absent"),
    Feature("most processes of an instance", "enforced", "absent",
            "As many as Linux would let a machine with the memory of its type.", "processes"),
    Feature("memory of an instance", "enforced", "absent",
            "By control groups, as its type has; files in memory have half of it.", "memory"),
    Feature("processor time of an instance", "enforced", "absent",
            "With `start --limits` as many processors' as its type has vCPUs; CPU credits bind nobody.",
            "cpu"),
    Feature("control groups of an instance's own, for containers in it", "enforced", "absent",
            "Version 2, in a namespace of its own: podman and systemd divide them.",
            "groups"),
    Feature("containers in instances, by podman and crun", "enforced", "absent",
            "No network, the instance's, or a bridge with ports; --memory and --pids-limit where the "
            "instance's groups count them.", "containers"),
    Feature("what /sys says of the machine: DMI, the hypervisor's id", "modelled", "absent",
            "EC2's, in instances of images with cloud-init; DMI in all of images, where this kernel has it."),
    Feature("disk of an instance", "enforced", "recorded",
            "No quota: one that fills this machine's disk, with more than its volumes have, is ended."),
    Feature("network interfaces, MAC, MTU 9001, private addresses by DHCP", "enforced", "recorded",
            "Each is a veth pair; dnsmasq answers the instance's own client."),
    Feature("routing inside and between subnets, route tables, blackholes", "enforced", "recorded",
            "A VPC is a router namespace with a kernel table per route table."),
    Feature("neighbours' MACs, next hops inside a subnet", "enforced", "recorded",
            "ARP and neighbour discovery tell each one's own MAC; a frame goes to the one that it carries.",
            "neighbours", "absent"),
    Feature("security groups, stateful, inside one subnet too", "enforced", "recorded",
            "nftables in the VPC's namespace; untracked flows end with their rule, as on EC2."),
    Feature("idle times of tracked connections, by interface and by type", "enforced", "recorded",
            "Each end forgets by itself, and its groups judge the next packet anew; ICMP's time is Linux's."),
    Feature("UDP that is remembered for more than 30 s without an answer", "enforced", "recorded",
            "The connection's entry in the kernel lives as long as its longest end asks.", "long UDP"),
    Feature("source/destination check, MAC and address spoofing", "enforced", "recorded",
            "Checked on every packet that leaves an instance."),
    Feature("internet gateway, public and Elastic IPs", "enforced", "recorded",
            "Stateless 1:1 NAT towards a namespace that plays the internet; addresses are of 198.18.0.0/15."),
    Feature("instance metadata, v1 and v2", "enforced", "modelled",
            "Served at 169.254.169.254 inside each VPC; without a fabric nobody can ask."),
    Feature("time by NTP at 169.254.169.123 and fd00:ec2::123", "enforced", "absent",
            "This machine's clock, stratum 3; it counts as a link-local service."),
    Feature("user data: scripts and boothooks, in gzip and MIME", "enforced", "recorded",
            "Run once in the life of the disk, or at each boot; the console tells each exit status."),
    Feature("user data for cloud-init, in instances of an image that has it", "enforced", "recorded",
            "cloud-init reads it: by its own units under systemd, else stage by stage."),
    Feature("user data for cloud-init in all others: #cloud-config, #include, templates", "absent", "absent",
            "Not run; the console and `elastinet status INSTANCE` name it."),
    Feature("images that are file systems", "enforced", "recorded",
            "Instances run their programs; systemd comes first where control groups can be divided."),
    Feature("consoles and syslogs of instances", "enforced", "absent",
            "/dev/console comes to GetConsoleOutput, /dev/log to `elastinet logs --syslog`."),
    Feature("the EC2 API from inside instances, signed by their roles", "enforced", "absent",
            "By AWS's names, for those that reach the internet; `start --no-api-inside` leaves it away."),
    Feature("a way out of instances to this machine's network", "enforced", "absent",
            "If started with --outside: by slirp4netns, private networks closed unless =lan. In "
            "IPv6 neither ping nor fragments pass."),
    Feature("pending -> running", "enforced", "modelled",
            "Reported by the agent; without a fabric at once."),
    Feature("IPv6 addresses, routes, security groups, ACLs; egress-only gateways", "enforced", "recorded",
            "Beside IPv4 in the same router; blocks are of 2001:db8::/32."),
    Feature("subnets of IPv6 only, their instances", "enforced", "recorded",
            "No IPv4 anywhere; metadata at fd00:ec2::254 where HttpProtocolIpv6 is enabled."),
    Feature("delegated prefixes of both families", "enforced", "recorded",
            "Routed to the interface; the guest configures what it wants of them."),
    Feature("IPv6 to IPv4 by NAT gateways (64:ff9b::/96)", "enforced", "recorded",
            "tayga translates TCP, UDP, ping and errors in the gateway's namespace.", "nat64"),
    Feature("DNS64 of subnets", "enforced", "recorded",
            "A second dnsmasq of the VPC answers its subnets; names outside are known with a way out."),
    Feature("network ACLs", "enforced", "recorded",
            "Judged statelessly on every packet that crosses a subnet's border."),
    Feature("NAT gateways", "enforced", "recorded",
            "A namespace that forwards: 350 s, fragments, 55,000 connections as on EC2; at any speed."),
    Feature("RST from a NAT gateway for what was idle too long", "enforced", "absent",
            "By the kernel's filter, whose next packet from inside it answers.", "resets", "absent"),
    Feature("prefix lists of one's own", "enforced", "recorded",
            "Rules and routes hold their entries; AWS's own lists are empty."),
    Feature("the VPC's resolver, private and public names", "enforced", "recorded",
            "dnsmasq answers in each VPC and asks nobody. Reverse names of Elastic IPs are recorded."),
    Feature("VPC peering, in a region and across", "enforced", "recorded",
            "A link between two routers, for the two VPCs' own addresses only."),
    Feature("gateway VPC endpoints", "recorded", "recorded",
            "Route tables show them; no service of AWS is here that packets could go to."),
    Feature("interface VPC endpoints (AWS PrivateLink) of EC2, STS and SSM", "enforced", "recorded",
            "The API answers at their addresses, under their groups; `--no-api-inside` leaves it away.",
            "api inside"),
    Feature("interface VPC endpoints of other services", "recorded", "recorded",
            "Subnets, groups, interfaces and policies are shown; nothing listens at their addresses."),
    Feature("names of interface VPC endpoints, private DNS", "enforced", "recorded",
            "The VPC's resolver leads them to the addresses of the endpoint's interfaces."),
    Feature("placement groups, Dedicated Hosts, topology, capacity", "modelled", "modelled",
            "Instances have places on racks and hosts that fill up; AWS publishes no sizes of those."),
    Feature("recovery and maintenance of Dedicated Hosts", "recorded", "recorded",
            "Shown as set; a host that fails keeps its instances until they are stopped and started."),
    Feature("hardware that loses its power or its network", "enforced", "modelled",
            "Guests end, or their interfaces go dark; status checks fail."),
    Feature("launch templates", "enforced", "modelled",
            "A launch from one is a launch like any other; what elastinet lacks is refused then, by name."),
    Feature("EC2 Fleets of the type instant, on demand", "enforced", "modelled",
            "There are no prices: lowest-price goes by vCPUs and memory. Spot and other types are refused."),
    Feature("ENA, 82599 VF and other devices; functions of network cards", "modelled", "modelled",
            "Type and attributes decide the driver; virtual functions of a host's cards run out."),
    Feature("the hypervisor between an instance and its card, where networking is not enhanced", "enforced",
            "recorded", "Each packet passes through a process; an enhanced interface has none in between."),
    Feature("ENA Express, bandwidth weighting", "enforced", "modelled",
            "Of the edition 2026 of the rules: a flow's limit, and an instance's. No SRD is here.", "limits"),
    Feature("eBPF fast path for enhanced interfaces", "absent", "absent",
            "Every packet takes the router's path, as root too."),
    Feature("bandwidth of instances, flows, gateways and peerings between regions", "enforced", "modelled",
            "Packets wait in queues; no limit is installed that this machine cannot reach.", "limits"),
    Feature("network I/O credits", "enforced", "modelled",
            "AWS publishes no sizes: a full bucket lasts ten minutes at the peak, or as set.", "limits"),
    Feature("bandwidth of one of several network cards", "enforced", "modelled",
            "Of what leaves by it; what enters is limited for the instance as a whole.", "limits"),
    Feature("packets a second and tracked connections by instance", "absent", "absent",
            "AWS publishes no figures."),
    Feature("DPDK on an instance's interfaces", "enforced", "absent",
            "The real DPDK, the kernel kept off; packet sockets (af_packet) in place of a card's driver."),
    Feature("EFA: interfaces, types, limits", "modelled", "modelled",
            "There is no EFA device in an instance: libfabric's provider is shm, not efa."),
    Feature("EFA: OS bypass, and who may use it", "enforced", "modelled",
            "Memory that only instances share which EC2 would let; it goes with the permission.", "bypass"),
    Feature("MPI over instances, past the kernel and over TCP", "enforced", "absent",
            "Real Open MPI by libfabric's shm or by the VPC's own packets, under its groups. Open MPI 5 "
            "takes shm only if asked to: by it, several large messages at a time may wait for ever."),
    Feature("what EFA carries, by SRD", "modelled", "modelled",
            "Predicted: by cards and instances, without a limit for a flow. Here it is as fast as memory."),
    Feature("NCCL collectives", "modelled", "modelled",
            "NCCL needs GPUs. Time, algorithm and what binds are predicted from published figures."),
    Feature("Reachability Analyzer: paths, analyses, explanations", "modelled", "modelled",
            "The rules that the kernel's program is made of, without a packet: guests listen, appliances "
            "forward, instances answer by the interface that was asked."),
    Feature("Network Access Analyzer: access scopes, analyses, findings", "modelled", "modelled",
            "All pairs of a region's ends by the same rules, one way, in a process beside the engine."),
    Feature("twins of accounts", "enforced", "recorded",
            "An account's dump as real namespaces, by its own ids and addresses; what is of another service, "
            "and what an instance runs, is not in it."),
    Feature("EBS volumes", "recorded", "recorded",
            "Made, attached, modified, deleted as told: no block device appears in an instance, whose data "
            "is its overlay."),
    Feature("key pairs", "enforced", "recorded",
            "A launch's key opens its default user's account, at port 22 and by elastinet ssh."),
    Feature("monitoring, CPU options, credit specification, automatic recovery", "recorded", "recorded",
            "Shown as they were given."),
    Feature("DHCP options: domain, resolvers, time servers", "enforced", "recorded",
            "Handed out by dnsmasq, to a link's own MAC only; NetBIOS is recorded."),
    Feature("1,024 packets a second to the link-local services, each interface", "enforced", "recorded",
            "DNS, metadata and time together, both families; what is above is dropped."),
    Feature("system calls of instances, filtered", "enforced", "absent",
            "Refused: sockets that no network namespace divides, keyrings, io_uring, the kernel's own.",
            "system calls"),
    Feature("counters of interfaces: bytes, packets, allowances exceeded", "enforced", "absent",
            "The kernel's own; without packets there is nothing to count."),
    Feature("IAM roles and instance profiles", "recorded", "recorded",
            "Shown, and their credentials are an instance's own. No policy is asked: all may do all."),
    Feature("EC2, STS, SSM and IAM called from inside instances", "enforced", "absent",
            "By AWS's own names, where there is a way to the internet; a role's signature is checked.",
            "api inside", "absent"),
    Feature("public parameters of SSM", "modelled", "modelled",
            "Those that name the images here, and no others."),
    Feature("VPN, transit gateways, Spot, snapshots, flow logs, and all else that is not here", "absent",
            "absent", "Reads answer an empty list, no id is found, what would make one is refused."),
)  # fmt: skip


NOT_ASKED = "not asked for: `start --limits` has it limited"


def not_asked(limits: bool) -> dict[str, str]:
    """What was left off in the settings, by the names of what features need."""
    return {} if limits else {"cpu": NOT_ASKED}


def engine_fault() -> dict[str, str]:
    """The reason why this process, the engine, runs as root; empty if it does not."""
    if os.geteuid():
        return {}
    return {"engine": "this kernel, or a file system, cannot map ids: it is root, without capabilities"}


def table(fabric: str, missing: Mapping[str, str]) -> list[dict[str, str]]:
    """Every feature with its level under this fabric, on a machine without some things that features need."""
    return [
        {"feature": f.name, "level": _level(f, fabric, missing), "why": missing.get(f.needs, f.why)}
        for f in FEATURES
    ]


def _level(feature: Feature, fabric: str, missing: Mapping[str, str]) -> Level:
    if feature.needs in missing:
        return feature.lacking or feature.none
    return feature.kernel if fabric == "kernel" else feature.none
