"""What an account has in a region besides resources: settings, and the tokens of its requests."""

from elastinet.model.noun import Noun


class RegionSettings(Noun, frozen=True, kw_only=True):
    """The mark that an account's region has been opened: its default VPC was made once."""


class ClientToken(Noun, frozen=True, kw_only=True):
    """A request that must happen once: what it asked for, and the id of what it made."""

    fingerprint: str
    result: str
    time: float
