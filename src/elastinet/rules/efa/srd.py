"""EFA's transport, SRD: the network cards that send together, and the bandwidth of each.

SRD sprays a flow over many paths and keeps off congested ones, in the Nitro card (Shalev et al., IEEE Micro
40(6), 2020, doi 10.1109/MM.2020.3016891), up to 64 [observed] (sysdesign-wiki.pages.dev/systems/aws-srd). Its
datagrams are reliable and unordered, and the requester's device sends anew what is lost (Amazon's driver,
kernel/linux/efa/SRD.txt). So a flow has no limit of its own: what binds is the adapters' bandwidth.
"""

from elastinet.catalog.editions import Figure
from elastinet.catalog.efa_bandwidth import EFA_CARD_BPS
from elastinet.catalog.instance_types import InstanceType
from elastinet.catalog.settings import Edition
from elastinet.rules.efa.efa import most, most_on_card

WHY = (
    "EFA's SRD sprays a flow over many paths (IEEE Micro 40(6), 2020) and the card sends anew what is lost "
    "(efa/SRD.txt): no limit for one flow, as TCP's have"
)


def cards(kind: InstanceType, edition: Edition) -> tuple[int, ...]:
    """The network cards whose EFAs send together, where an instance has as many as it may."""
    able = [card for card in range(len(kind.cards)) if most_on_card(kind, card, edition)]
    return tuple(able[: most(kind, edition)])


def card_figure(kind: InstanceType) -> Figure | None:
    """Bits a second of one card's EFA; None if DescribeInstanceTypes gives the same figure for the card."""
    return EFA_CARD_BPS.get(kind.name)
