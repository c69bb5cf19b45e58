"""The catalogue of refusals against a server with the kernel fabric: nothing that is refused reaches the kernel."""

import json

from catalogue import REFUSALS
from test_refusals import check

from scene import Scene, picture


def told(world):
    """How often the agent has been told anything."""
    status = json.loads(world.cli("status", "--json").stdout)
    assert not status["failed"]
    return status["generation"]


def test_no_refusal_reaches_the_kernel(own_world):
    scene = Scene(own_world.ec2)
    own_world.settle()
    before, generation = picture(own_world.ec2), told(own_world)
    for refusal in REFUSALS:
        check(scene, refusal)
    assert (picture(own_world.ec2), told(own_world)) == (before, generation)
