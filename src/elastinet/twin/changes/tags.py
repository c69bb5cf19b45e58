"""Tags of everything that has an id in the account."""

from elastinet.model.interface import NetworkInterface
from elastinet.model.noun import Noun, Tags
from elastinet.model.peering import Peering
from elastinet.model.prefix_list import PrefixList
from elastinet.model.security import SecurityGroupRule
from elastinet.rules.explaining.command import Command
from elastinet.twin.both import Both, Step, Steps, is_there, say
from elastinet.twin.changes.interfaces import is_services

UNTAGGED = ("RegionSettings", "ClientToken", "Failure", "Foreign", "AddressTransfer", "LaunchTemplateVersion")


def tagged(both: Both) -> Steps:
    """Tags that are new, otherwise, or gone."""
    for kind in both.after.tables:
        for new in both.after.all(kind) if kind.__name__ not in UNTAGGED else ():
            if is_there(new) and not (isinstance(new, PrefixList) and new.of_aws):
                yield from _of(both, new)


def _of(both: Both, new: Noun) -> Steps:
    old = both.before.get(type(new), new.id)
    if old is None and _is_anothers(new):
        if new.tags:
            yield say(f"{new.id} is new and has tags: its id is the account's to give")
        return
    yield from _differing(new.id, old.tags if old else (), new.tags, *new.scope)
    if isinstance(new, Peering) and new.accepter.scope != new.scope:
        was = old.accepter_tags if isinstance(old, Peering) else ()
        yield from _differing(new.id, was, new.accepter_tags, *new.accepter.scope)


def _is_anothers(noun: Noun) -> bool:
    """True if no command of its own makes a noun: a rule is its group's, some interfaces are a service's."""
    return isinstance(noun, SecurityGroupRule) or (isinstance(noun, NetworkInterface) and is_services(noun))


def _differing(id: str, old: Tags, new: Tags, owner: str, region: str) -> Steps:
    there, here = dict(old), dict(new)
    gone = [{"Key": key} for key in there if key not in here]
    fresh = [{"Key": key, "Value": value} for key, value in here.items() if there.get(key) != value]
    for verb, tags in (("DeleteTags", gone), ("CreateTags", fresh)):
        if tags:
            yield Step(Command(verb, {"Resources": [id], "Tags": tags}, region), owner=owner)
