"""Settings of the emulated EC2 that elastinet's operator may change."""

from typing import Literal

import msgspec

from elastinet.catalog.plant import Plant
from elastinet.catalog.vcpu_quotas import NEW_ACCOUNT

Edition = Literal["classic", "2026"]
"""A dated set of the figures that AWS has changed over the years (`catalog/editions.py`)."""

UNLIMITED = 2**31


class Quotas(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most of each noun that an account may have; EC2's defaults (facts sheet, sections 1 to 6).

    Quotas of vCPUs that run are the exception: nothing is limited unless it is asked for. AWS raises them on
    demand, and a new account's would let no cluster start.
    """

    vpcs: int = 5
    subnets_per_vpc: int = 200
    internet_gateways: int = 5
    egress_only_gateways: int = 5
    route_tables_per_vpc: int = 200
    routes_per_table: int = 50
    network_acls_per_vpc: int = 200
    rules_per_network_acl: int = 20
    nat_gateways_per_zone: int = 5
    prefix_lists: int = 100
    gateway_endpoints: int = 20
    interface_endpoints_per_vpc: int = 50
    peerings_per_vpc: int = 50
    cidrs_per_vpc: int = 5
    ipv6_cidrs_per_vpc: int = 5
    dhcp_options: int = 100
    outstanding_peerings: int = 25
    security_groups: int = 2500
    rules_per_security_group: int = 60
    security_groups_per_interface: int = 5
    network_interfaces: int = 5000
    elastic_ips: int = 5
    key_pairs: int = 5000
    placement_groups: int = 500
    launch_templates: int = 5000
    versions_per_launch_template: int = 10_000
    dedicated_hosts: int = 10
    network_insights_paths: int = 1000
    network_insights_analyses: int = 10_000
    access_scopes: int = 1000
    access_scope_analyses: int = 10_000
    running_access_scope_analyses: int = 25
    tags_per_resource: int = 50
    vcpus_standard: int = UNLIMITED
    vcpus_dl: int = UNLIMITED
    vcpus_f: int = UNLIMITED
    vcpus_g_vt: int = UNLIMITED
    vcpus_hpc: int = UNLIMITED
    vcpus_high_memory: int = UNLIMITED
    vcpus_inf: int = UNLIMITED
    vcpus_p: int = UNLIMITED
    vcpus_trn: int = UNLIMITED
    vcpus_x: int = UNLIMITED


Outside = Literal["off", "on", "lan"]
"""Whether instances have a way out, and whether it leads to private networks, too."""


class Settings(msgspec.Struct, frozen=True):
    """The region's size, its edition of the rules, image ids of the operator's own, and scales.

    `bandwidth_scale` is a factor for all bandwidths where packets are shaped. `credit_time_scale` makes
    buckets of network I/O credits smaller, so that they are empty, and full, so many times sooner.
    `idle_time_scale` has idle flows forgotten so many times sooner.
    With `limits` instances have as much processor time as their types' vCPUs.
    With `api_inside` AWS's endpoints answer instances by their own names; `outside` says whether instances
    have a way to the machine's network.
    `opted_in_regions` are those, beside the ones that are always on, that all accounts have opted in to.
    `credit_minutes` is how long a full one lasts at the peak; `credits` says otherwise by type or family.
    """

    rules: Edition = "classic"
    quotas: Quotas = Quotas()
    plant: Plant = Plant()
    images: tuple[str, ...] = ()
    opted_in_regions: tuple[str, ...] = ()
    default_account: str = "000000000000"
    bandwidth_scale: float = 1.0
    credit_time_scale: float = 1.0
    idle_time_scale: float = 1.0
    api_inside: bool = False
    outside: Outside = "off"
    limits: bool = False
    credit_minutes: float = 10.0
    credits: dict[str, float] = {}


def unlimited() -> Quotas:
    """Quotas that nobody reaches; what EC2 fixes for good (tags per resource) stays."""
    kept = ("tags_per_resource",)
    names = [name for name in Quotas.__struct_fields__ if name not in kept]
    return Quotas(**dict.fromkeys(names, UNLIMITED))


def new_account() -> Quotas:
    """Quotas of an account that has asked for nothing, those of vCPUs included."""
    return Quotas(**NEW_ACCOUNT)
