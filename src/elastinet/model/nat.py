"""NAT gateways."""

from typing import ClassVar, Literal

from elastinet.model.noun import Index, Noun

NatState = Literal["pending", "failed", "available", "deleting", "deleted"]
Connectivity = Literal["public", "private"]


class NatGateway(Noun, frozen=True, kw_only=True):
    """A NAT gateway, which forwards by one interface of its own; times are in seconds since 1970.

    What it shows of its addresses stays after its end, when interface and association are no more.
    One that has failed never had an interface: `interface_id` is "".
    """

    vpc_id: str
    subnet_id: str
    zone: str
    connectivity: Connectivity
    state: NatState
    create_time: float
    delete_time: float | None = None
    failure: tuple[str, str] | None = None
    interface_id: str = ""
    private_ip: str = ""
    allocation_id: str = ""
    association_id: str = ""
    public_ip: str = ""

    INDEXES: ClassVar[dict[str, Index]] = {
        "vpc-id": lambda n: (n.vpc_id,),
        "subnet-id": lambda n: (n.subnet_id,),
        "state": lambda n: (n.state,),
        "interface-id": lambda n: (n.interface_id,) if n.interface_id else (),
    }

    @property
    def alive(self) -> bool:
        """True if the gateway is pending or available."""
        return self.state in ("pending", "available")
