"""DHCP option sets."""

from elastinet.model.noun import Noun

AMAZON_DNS = "AmazonProvidedDNS"


class DhcpOptions(Noun, frozen=True, kw_only=True):
    """A DHCP option set: the options of a VPC's DHCP server. Only its tags ever change."""

    options: tuple[tuple[str, tuple[str, ...]], ...]

    def values(self, key: str) -> tuple[str, ...]:
        """The values of an option; none where it is not set."""
        return dict(self.options).get(key, ())
