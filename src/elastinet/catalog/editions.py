"""The numbers that AWS has changed over the years, by edition of the rules, each with its source.

`classic` is what the notes of the system's user say, `2026` what AWS's guide says today. Code reads
the edition and never has a literal of its own.
"""

from typing import Literal

import msgspec

from elastinet.catalog.settings import Edition


class Figure(msgspec.Struct, frozen=True):
    """A number, where it comes from, and since when it holds."""

    value: float
    source: str
    since: str


class EditionFigures(msgspec.Struct, frozen=True):
    """One set of numbers; prices are in US dollars an hour for each public IPv4 address.

    Bandwidths hold in each direction: of one flow, of one flow inside a cluster placement group, of one
    with ENA Express, of a peering connection between regions, of an instance through an internet gateway
    (from `gateway_vcpus` on at least `gateway_share` of its baseline), of a network card by its driver,
    of a NAT gateway.
    A bandwidth weighting gives its option `weighting_share` more.
    An instance has so many EFAs, and a network card of it, never more than its type; `efa_types` are the
    interface types that are EFAs. EFA's traffic stays in one subnet, or in one zone and VPC (`efa_scope`).
    None is no limit of this kind.
    """

    idle_address_usd: Figure
    used_address_usd: Figure
    extra_address_usd: Figure
    lent_address_usd: Figure
    flow_bps: Figure
    cluster_flow_bps: Figure
    express_flow_bps: Figure | None
    region_bps: Figure | None
    gateway_bps: Figure
    gateway_share: Figure | None
    gateway_vcpus: Figure | None
    ena_card_bps: Figure | None
    intel_card_bps: Figure
    nat_bps: Figure
    weighting_share: Figure | None
    efas_per_instance: Figure | None
    efas_per_card: Figure
    efa_types: tuple[str, ...]
    efa_scope: Literal["subnet", "zone"]


_GUIDE = "EC2 User Guide, elastic-ip-addresses-eip: every public IPv4 address is charged"
_NOTES = "the user's notes: Elastic IPs are charged when idle or when their instance does not run"
_BANDWIDTH = "EC2 User Guide, ec2-instance-network-bandwidth"
_CLUSTER = "EC2 User Guide, placement-strategies: one flow inside a cluster placement group"
_INTEL = "EC2 User Guide, sriov-networking: Intel 82599 VF, up to 10 Gbps"
_WEIGHTING = "EC2 User Guide, configure-bandwidth-weighting: a quarter more of the option's own baseline"
_EFA = "EC2 User Guide, efa: one EFA for each network card"
_NAT = "VPC User Guide, vpc-nat-gateway: 5 Gbps, scaling up to 100"
_OLD_PRICE = "EC2 pricing before 2024: $0.005 for an idle address, and for each further one of an instance"

EDITIONS: dict[Edition, EditionFigures] = {
    "classic": EditionFigures(
        idle_address_usd=Figure(0.005, _NOTES, "2006"),
        used_address_usd=Figure(0.0, _NOTES, "2006"),
        extra_address_usd=Figure(0.005, _OLD_PRICE, "2006"),
        lent_address_usd=Figure(0.0, _NOTES, "2006"),
        flow_bps=Figure(5e9, f"{_BANDWIDTH}: one flow", "2016"),
        cluster_flow_bps=Figure(10e9, _CLUSTER, "2016"),
        express_flow_bps=None,
        region_bps=Figure(5e9, "the user's notes: 5 Gbps in all between regions", "2018"),
        gateway_bps=Figure(5e9, f"{_BANDWIDTH} of 2018 [inferred]: 5 Gbps to the internet", "2018"),
        gateway_share=None,
        gateway_vcpus=None,
        ena_card_bps=Figure(100e9, "the user's notes and the guide: ENA, up to 100 Gbps", "2019"),
        intel_card_bps=Figure(10e9, _INTEL, "2013"),
        nat_bps=Figure(100e9, _NAT, "2022"),
        weighting_share=None,
        efas_per_instance=Figure(1, "the user's notes: one EFA for each instance", "2019-04-29"),
        efas_per_card=Figure(1, _EFA, "2020-11-02"),
        efa_types=("efa",),
        efa_scope="subnet",  # the user's notes: OS bypass inside one subnet
    ),
    "2026": EditionFigures(
        idle_address_usd=Figure(0.005, _GUIDE, "2024-02-01"),
        used_address_usd=Figure(0.005, _GUIDE, "2024-02-01"),
        extra_address_usd=Figure(0.005, _GUIDE, "2024-02-01"),
        lent_address_usd=Figure(0.005, _GUIDE, "2024-02-01"),
        flow_bps=Figure(5e9, f"{_BANDWIDTH}: one flow", "2016"),
        cluster_flow_bps=Figure(10e9, _CLUSTER, "2016"),
        express_flow_bps=Figure(25e9, "EC2 User Guide, ena-express: one flow in a zone", "2022-11-28"),
        region_bps=None,
        gateway_bps=Figure(5e9, f"{_BANDWIDTH}: through an internet gateway", "2022"),
        gateway_share=Figure(0.5, f"{_BANDWIDTH}: half of the baseline, from 32 vCPUs on", "2022"),
        gateway_vcpus=Figure(32, f"{_BANDWIDTH}: half of the baseline, from 32 vCPUs on", "2022"),
        ena_card_bps=None,
        intel_card_bps=Figure(10e9, _INTEL, "2013"),
        nat_bps=Figure(100e9, _NAT, "2022"),
        weighting_share=Figure(0.25, _WEIGHTING, "2024-12-02"),
        efas_per_instance=None,
        efas_per_card=Figure(1, _EFA, "2020-11-02"),
        efa_types=("efa", "efa-only"),
        efa_scope="zone",  # EC2 User Guide, efa: limitations
    ),
}
