"""The keys that volumes are encrypted by, in name: there is no KMS here, so no key is looked up."""

import uuid

DEFAULT_KEY = "alias/aws/ebs"
"""The key that an account has from the start, for whoever names none."""


def key_arn(owner: str, region: str, key: str) -> str:
    """A key as a volume shows it, whether it was named by its id, its alias or its ARN."""
    if key.startswith("arn:"):
        return key
    within = f"arn:aws:kms:{region}:{owner}"
    if key == DEFAULT_KEY:
        return f"{within}:key/{uuid.uuid5(uuid.NAMESPACE_URL, f'{within}:{DEFAULT_KEY}')}"
    return f"{within}:{key}" if key.startswith("alias/") else f"{within}:key/{key}"
