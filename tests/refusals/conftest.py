"""One of everything that a refusal can be about, in an account of each file's own."""

from typing import Any

import pytest

from scene import Scene, picture
from served import Served


@pytest.fixture(scope="module")
def scene(server: Served) -> Scene:
    """What the refused requests name."""
    return Scene(server.client())


@pytest.fixture(scope="module")
def before(scene: Any) -> dict[str, bytes]:
    """The account as it was before the first refusal."""
    return picture(scene.ec2)
