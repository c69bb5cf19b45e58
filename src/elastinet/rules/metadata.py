"""Tag keys that the metadata service can show (facts sheet, section 11.3)."""

import re
from collections.abc import Iterable

from elastinet.model.fault import Fault

_KEY = re.compile(r"[A-Za-z0-9+\-=.,_:@]+")
_NEVER = (".", "..", "_index")


def check_tag_keys(keys: Iterable[str]) -> None:
    """Refuse tag keys that could not be items of the tree."""
    for key in keys:
        if not _KEY.fullmatch(key) or key in _NEVER:
            raise Fault(
                "InvalidParameterValue",
                f"'{key}' is not a valid tag key. Tag keys must match pattern "
                "([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index')",
            )
