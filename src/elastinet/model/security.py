"""Security groups and their rules."""

from typing import ClassVar

from elastinet.model.noun import Index, Noun


class SecurityGroup(Noun, frozen=True, kw_only=True):
    """A named set of rules for the interfaces that are in it; the name never changes."""

    vpc_id: str
    group_name: str
    description: str

    INDEXES: ClassVar[dict[str, Index]] = {
        "vpc-id": lambda g: (g.vpc_id,),
        "group-name": lambda g: (g.group_name,),
        "name": lambda g: ((g.vpc_id, g.group_name),),
    }


class SecurityGroupRule(Noun, frozen=True, kw_only=True):
    """One permission of a security group.

    `protocol` is a number, -1 for all. `low` and `high` are the ports of TCP and UDP, the type and
    code of ICMP (-1 for any), and -1 where a protocol has neither. Exactly one of the peers is set:
    `cidr` (of either family), `peer_group` or `prefix_list`.
    """

    group_id: str
    egress: bool
    protocol: int
    low: int
    high: int
    cidr: str | None = None
    peer_group: str | None = None
    prefix_list: str | None = None
    description: str | None = None

    INDEXES: ClassVar[dict[str, Index]] = {
        "group-id": lambda r: (r.group_id,),
        "peer-group": lambda r: (r.peer_group,) if r.peer_group else (),
        "prefix-list": lambda r: (r.prefix_list,) if r.prefix_list else (),
    }

    @property
    def peer(self) -> str:
        """The CIDR, or the id of the group or the prefix list, that this rule speaks of."""
        return self.cidr or self.peer_group or self.prefix_list or ""

    @property
    def permission(self) -> tuple[bool, int, int, int, str]:
        """The key of a rule; two rules of one group with the same key are duplicates."""
        return (self.egress, self.protocol, self.low, self.high, self.peer)
