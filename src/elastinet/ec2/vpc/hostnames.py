"""Hostname options of an instance: names by its address or by its id."""

from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance

FIELDS = {
    "PrivateDnsHostnameType": "hostname_type",
    "EnableResourceNameDnsARecord": "resource_name_a_record",
    "EnableResourceNameDnsAAAARecord": "resource_name_aaaa_record",
}


def modify_private_dns_name_options(tx: Transaction, request: Request) -> Answer:
    """Change what the resolver says of an instance; its own name only while it is stopped."""
    instance = need(tx, Instance, "i", request["InstanceId"])
    given = {field: value for name, field in FIELDS.items() if (value := request.get(name)) is not None}
    renamed = given.get("hostname_type", instance.hostname_type) != instance.hostname_type
    if renamed and instance.state != "stopped":
        sentence = f"The instance '{instance.id}' is not in the 'stopped' state."
        raise Fault("IncorrectInstanceState", sentence)
    tx.put(instance.but(**given))
    return {"Return": True}
