"""The words that people choose between, for the rules and the command line alike."""

from typing import Literal

Collective = Literal["allreduce", "reducescatter", "allgather", "alltoall", "broadcast", "reduce", "pingpong"]
Group = Literal["none", "cluster"]
"""The placement group of all."""
Via = Literal["vpc", "peering", "region", "gateway"]
"""Inside a VPC, over a peering connection in a region or between regions, through internet gateways."""
Algorithm = Literal["ring", "tree", "recursive-doubling", "pairwise", "direct"]
