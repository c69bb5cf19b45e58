"""Every refusal of the catalogue, over the wire: the code, the sentence, the HTTP status, and nothing changed."""

import pytest
from botocore.exceptions import ClientError
from catalogue import REFUSALS, Refusal

from scene import Scene, picture


def check(scene: Scene, refusal: Refusal) -> None:
    """Provoke a refusal."""
    asked = refusal.asked(scene)
    with pytest.raises(ClientError) as caught:
        getattr(scene.ec2, refusal.action)(**asked)
    answer = caught.value.response
    assert answer["Error"]["Code"] == refusal.code, answer["Error"]
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == refusal.status
    for part in refusal.parts:
        assert part in answer["Error"]["Message"], answer["Error"]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.name)
def test_refused(scene: Scene, before: dict[str, bytes], refusal: Refusal) -> None:
    check(scene, refusal)
    assert picture(scene.ec2) == before
