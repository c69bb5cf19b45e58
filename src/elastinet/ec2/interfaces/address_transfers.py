"""Elastic IPs that go from one account to another: offered by the one, accepted by the other."""

import re

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import page
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.page_size import page_size
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.interface import Address
from elastinet.model.transfer import AddressTransfer
from elastinet.model.view import StateView

OFFER_SECONDS, SHOWN_SECONDS = 7 * 3600, 14 * 86_400
"""Seconds for which an offer stands (botocore's model: seven hours), and is shown once accepted (14 days)."""

ACCOUNT = re.compile(r"[0-9]{12}")


def _view(offer: AddressTransfer, status: str | None = None) -> StateView:
    shown = StateView(
        PublicIp=offer.public_ip,
        AllocationId=offer.id,
        TransferAccountId=offer.account,
        TransferOfferExpirationTimestamp=moment(offer.expires),
        AddressTransferStatus=status or ("pending" if offer.accepted is None else "accepted"),
    )
    if offer.accepted is not None:
        shown["TransferOfferAcceptedTimestamp"] = moment(offer.accepted)
    return shown


def enable_address_transfer(tx: Transaction, request: Request) -> Answer:
    """Offer an address to another account."""
    address = need(tx, Address, "eipalloc", request["AllocationId"])
    account = request["TransferAccountId"]
    if not ACCOUNT.fullmatch(account) or account == tx.owner:
        raise faults.invalid(account, "TransferAccountId")
    offer = AddressTransfer(
        id=address.id,
        owner=tx.owner,
        region=tx.region,
        public_ip=address.public_ip,
        account=account,
        expires=tx.now + OFFER_SECONDS,
    )
    return {"AddressTransfer": _view(tx.put(offer))}


def disable_address_transfer(tx: Transaction, request: Request) -> Answer:
    """Take an offer back."""
    address = need(tx, Address, "eipalloc", request["AllocationId"])
    offer = tx.get(AddressTransfer, address.id)
    if offer is None or not offer.is_open(tx.now):
        raise faults.invalid(address.id, "AllocationId", "No transfer is enabled for this address.")
    tx.drop(offer)
    return {"AddressTransfer": _view(offer, "disabled")}


def accept_address_transfer(tx: Transaction, request: Request) -> Answer:
    """Take an address that is on offer: its allocation here is a new one."""
    ip = request["Address"]
    offers = tx.state.where(AddressTransfer, "public-ip", ip)
    offer = next((o for o in offers if (o.account, o.region) == tx.scope and o.is_open(tx.now)), None)
    if offer is None:
        raise Fault("InvalidAddress.NotFound", f"Address '{ip}' not found.")
    address = tx.need(Address, offer.id)
    _check_movable(address)
    if tx.count(Address) >= tx.settings.quotas.elastic_ips:
        raise faults.quota("AddressLimitExceeded", "addresses")
    tags = tags_for(tx, request, "elastic-ip")
    tx.drop(address)
    made = tx.new(Address, "eipalloc", public_ip=ip, tags=tags)
    accepted = tx.put(offer.but(accepted=tx.now))
    return {"AddressTransfer": _view(accepted) | {"AllocationId": made.id}}


def _check_movable(address: Address) -> None:
    if address.association_id is not None:
        sentence = f"The address {address.public_ip} is associated and cannot be transferred."
        raise Fault("InvalidTransfer.AddressAssociated", sentence)
    if address.ptr_record is not None:
        sentence = f"The address {address.public_ip} has a reverse name and cannot be transferred."
        raise Fault("InvalidTransfer.AddressCustomPtrSet", sentence)


def describe_address_transfers(tx: Transaction, request: Request) -> Answer:
    """The offers of this account: those that stand, and those accepted not long ago."""
    wanted = request.ids("AllocationIds")
    offers = [o for o in tx.mine(AddressTransfer) if o.accepted is not None or o.is_open(tx.now)]
    found = [(offer.id, _view(offer)) for offer in offers if not wanted or offer.id in wanted]
    if lost := [id for id in wanted if id not in {offer.id for offer in offers}]:
        for id in lost:
            need(tx, Address, "eipalloc", id)
    return page(found, page_size(request), request.get("NextToken"), "AddressTransfers")


def withdraw(tx: Transaction, address: Address) -> None:
    """Forget the offer of an address that is released."""
    if (offer := tx.get(AddressTransfer, address.id)) is not None:
        tx.drop(offer)


def forget_old(tx: Transaction) -> None:
    """Forget offers that nobody took in time, and those taken long ago."""
    for offer in tx.mine(AddressTransfer):
        ended = offer.expires if offer.accepted is None else offer.accepted + SHOWN_SECONDS
        if tx.now > ended:
            tx.drop(offer)
