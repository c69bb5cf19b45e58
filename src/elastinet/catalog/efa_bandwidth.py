"""EFA bandwidth of a network card where it exceeds the ENA bandwidth that DescribeInstanceTypes gives."""

from elastinet.catalog.editions import Figure

_GUIDE = "EC2 User Guide, efa-acc-inst-types"

EFA_CARD_BPS = {
    "p6-b200.48xlarge": Figure(400e9, f"{_GUIDE}: 8 cards of 400 Gbps EFA, 200 ENA", "2025"),
    "p6-b300.48xlarge": Figure(400e9, f"{_GUIDE}: 16 cards with EFA, 6,400 Gbps in all", "2025"),
}
"""Bits a second of one card's EFA, in each direction, by instance type."""
