"""An account's settings in a region, and the client tokens of its requests."""

from elastinet.model.noun import Noun


class RegionSettings(Noun, frozen=True, kw_only=True):
    """The mark that an account's region has been opened: its default VPC was made once.

    The rest are the account's metadata defaults for launches; None is no preference.
    """

    http_tokens: str | None = None
    http_endpoint: str | None = None
    hop_limit: int | None = None
    instance_tags: str | None = None
    tokens_enforced: bool = False


class ClientToken(Noun, frozen=True, kw_only=True):
    """A request that must happen once: what it asked for, and the id of what it made."""

    fingerprint: str
    result: str
    time: float
