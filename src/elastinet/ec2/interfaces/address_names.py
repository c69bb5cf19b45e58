"""The reverse names (PTR records) of Elastic IPs."""

import re
from typing import Any

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import by_id, page
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.page_size import page_size
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.interfaces.addresses import ADDRESSES
from elastinet.model.interface import Address
from elastinet.model.view import StateView

NAME = re.compile(r"(?=.{1,254}\Z)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z]{2,}\.?\Z")


def view(address: Address) -> StateView:
    """The reverse name of an address, in the shape of the API."""
    shown = StateView(PublicIp=address.public_ip, AllocationId=address.id)
    if address.ptr_record:
        shown["PtrRecord"] = address.ptr_record
    return shown


def _going(address: Address, status: str, value: str | None) -> dict[str, Any]:
    """The answer to a request that EC2 goes on with after it has answered."""
    update = {"Status": status} | ({"Value": value} if value else {})
    return {"Address": view(address) | {"PtrRecordUpdate": update}}


def modify_address_attribute(tx: Transaction, request: Request) -> Answer:
    """Give an address a reverse name; it is kept as asked for, for there is no forward name to see."""
    address = need(tx, Address, "eipalloc", request["AllocationId"])
    if (name := request.get("DomainName")) is None:
        raise faults.missing_parameter("DomainName")
    if not NAME.match(name):
        raise faults.invalid(name, "DomainName")
    tx.put(address.but(ptr_record=name.rstrip(".") + "."))
    return _going(address, "PENDING", name)


def reset_address_attribute(tx: Transaction, request: Request) -> Answer:
    """Take the reverse name from an address."""
    address = need(tx, Address, "eipalloc", request["AllocationId"])
    request.accept("Attribute")  # the only one there is to reset
    tx.put(address.but(ptr_record=None))
    return _going(address, "PENDING", None)


def describe_addresses_attribute(tx: Transaction, request: Request) -> Answer:
    """The reverse names of addresses."""
    request.accept("Attribute")  # there is no other
    ids = request.ids("AllocationIds")
    nouns = by_id(tx, ADDRESSES, ids) if ids else tx.mine(Address)
    found = [(noun.id, view(noun)) for noun in nouns if isinstance(noun, Address)]
    return page(found, page_size(request), request.get("NextToken"), "Addresses")
