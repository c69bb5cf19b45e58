"""For how long conntrack remembers idle flows in a namespace: the kernel's settings nf_conntrack_…. Pure."""

from elastinet.fabric.contract.objects import Appliance, Network


def of_network(item: Network) -> dict[str, int]:
    """A router's: as security groups remember flows. ICMP's is not documented, and stays Linux's."""
    return {
        "tcp_timeout_established": item.idle.tcp,
        "udp_timeout_stream": item.idle.udp_stream,
        "udp_timeout": item.idle.udp,
        "generic_timeout": item.other_idle,
    }


def of_appliance(item: Appliance) -> dict[str, int]:
    """A NAT gateway's: one time for all that it translates, whatever the state that TCP is in.

    It does not judge whether packets fit into a connection: else it would reset one for a stray packet. An
    interface endpoint remembers none.
    """
    if item.serves:
        return {}
    return {"tcp_be_liberal": 1} | dict.fromkeys(
        (
            "tcp_timeout_established",
            "tcp_timeout_unacknowledged",
            "tcp_timeout_max_retrans",
            "udp_timeout",
            "udp_timeout_stream",
            "icmp_timeout",
        ),
        item.idle,
    )
