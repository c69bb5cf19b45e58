"""Hostname options of an instance: names by its address or by its id."""

from collections.abc import Mapping
from typing import Any

from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.vpc import Subnet

FIELDS = {
    "PrivateDnsHostnameType": "hostname_type",
    "EnableResourceNameDnsARecord": "resource_name_a_record",
    "EnableResourceNameDnsAAAARecord": "resource_name_aaaa_record",
}


def check_names(given: Mapping[str, Any]) -> None:
    """Refuse a name by an IPv4 address, or a record of one, to an instance without one."""
    if given.get("hostname_type") == "ip-name" or given.get("resource_name_a_record"):
        sentence = "An instance in an IPv6-only subnet has no name by an IPv4 address."
        raise Fault("InvalidParameterValue", sentence)


def modify_private_dns_name_options(tx: Transaction, request: Request) -> Answer:
    """Change what the resolver says of an instance; its own name only while it is stopped."""
    instance = need(tx, Instance, "i", request["InstanceId"])
    given = {field: value for name, field in FIELDS.items() if (value := request.get(name)) is not None}
    renamed = given.get("hostname_type", instance.hostname_type) != instance.hostname_type
    if renamed and instance.state != "stopped":
        sentence = f"The instance '{instance.id}' is not in the 'stopped' state."
        raise Fault("IncorrectInstanceState", sentence)
    if (subnet := tx.get(Subnet, instance.subnet_id)) and subnet.ipv6_native:
        check_names(given)
    tx.put(instance.but(**given))
    return {"Return": True}
