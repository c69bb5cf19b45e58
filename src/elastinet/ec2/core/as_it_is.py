"""Values that ask for nothing: what a parameter says that elastinet has no use for, and EC2 does anyway.

A parameter that no operation reads is refused, unless it asks for what is so already: EC2's own default, or
"off". Tools write them all out, and copy what a Describe shows into the next request.
"""

import re
from collections.abc import Iterable, Iterator

from elastinet.ec2.core import faults
from elastinet.ec2.core.request import Request

AS_IT_IS: dict[str, tuple[object, ...]] = {
    # Of instances.
    "EnclaveOptions.Enabled": (False,),
    "CpuOptions.AmdSevSnp": ("disabled",),  # of hosts; an instance keeps it
    "EbsCardIndex": (0,),
    "Hibernate": (False,),
    "InstanceMarketOptions.MarketType": ("on-demand",),
    # Of fleets: an instant one asks once.
    "ReplaceUnhealthyInstances": (False,),
    "TerminateInstancesWithExpiration": (False,),
    "TargetCapacitySpecification.TargetCapacityUnitType": ("units",),
    # Of addresses and interfaces.
    "PublicIpv4Pool": ("amazon",),
    "NetworkInterfaces.AssociateCarrierIpAddress": (False,),
    "Attachment.DefaultEnaQueueCount": (True,),
    # Of subnets and VPCs.
    "Ipv6Native": (False,),
    "MapCustomerOwnedIpOnLaunch.Value": (False,),
    "DisableLniAtDeviceIndex.Value": (True,),
    "EnableNetworkAddressUsageMetrics.Value": (False,),
    "IpamPrefixListResolverSyncEnabled": (False,),
    "DnsOptions.DnsRecordIpType": ("service-defined", "ipv4"),
    "DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint": (False,),
    **{
        f"{side}PeeringConnectionOptions.{option}": (False,)
        for side in ("Requester", "Accepter")
        for option in (
            "AllowDnsResolutionFromRemoteVpc",
            "AllowEgressFromLocalClassicLinkToRemoteVpc",
            "AllowEgressFromLocalVpcToRemoteClassicLink",
            "AllowMultipathResilience",
        )
    },
}
"""What counts as "as it is", by the path of a member, or by the end of it; items of lists have no number."""

_NUMBER = re.compile(r"\.\d+(?=\.|$)")


def wants(request: Request) -> Iterator[str]:
    """The paths of all that a request asks for and nobody has read."""
    return (path for path, value in request.unread() if not is_so(path, value))


def refuse_wants(request: Request, action: str) -> None:
    """Refuse by name what a request asks for and nobody has read."""
    for name in wants(request):
        raise faults.unsupported(f"elastinet does not support {name} in {action}.")


def is_so(path: str, value: object) -> bool:
    """True if a value asks for nothing that is not so already."""
    return any(value in AS_IT_IS[end] for end in _ends(_NUMBER.sub("", path)) if end in AS_IT_IS)


def _ends(path: str) -> Iterable[str]:
    """A path, and what is left of it without its first step, and so on."""
    steps = path.split(".")
    return (".".join(steps[first:]) for first in range(len(steps)))
