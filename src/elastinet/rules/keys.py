"""The key that opens an instance."""

from elastinet.model.instance import Instance, KeyPair
from elastinet.model.state import State


def public_key_of(state: State, instance: Instance) -> str:
    """The public key of an instance's key pair; "" if it has none, or nobody knows it any more."""
    if instance.public_key or instance.key_name is None:
        return instance.public_key
    pair = next(state.where(KeyPair, "name", (*instance.scope, instance.key_name)), None)
    return pair.public_key if pair else ""  # a journal from before launches kept it
