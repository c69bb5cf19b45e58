"""What a twin is of: the nouns of an account's dump, as they enter the state, and where they are from."""

from collections import Counter
from pathlib import Path

import msgspec

from elastinet.catalog.regions import REGIONS
from elastinet.catalog.settings import Settings
from elastinet.dumps.account import account
from elastinet.dumps.finding import DumpError, Finding, shown
from elastinet.dumps.places import ACCOUNT
from elastinet.fabric.desired import holding
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.state import AnyNoun, State
from elastinet.model.vpc import Vpc
from elastinet.twin.only import only, vpc_called
from elastinet.twin.whole import complete


class Original(msgspec.Struct, frozen=True):
    """The account and the region that most of it is of, its nouns, and what is lacking in the dump."""

    dump: str
    account: str
    region: str
    nouns: tuple[AnyNoun, ...]
    findings: tuple[str, ...] = ()
    only: str = ""
    """The VPC that it is of; "" for all of the dump."""

    @property
    def state(self) -> State:
        """The nouns as a state of their own."""
        found = State()
        for noun in self.nouns:
            found.replace(type(noun), noun.id, noun)
        return found

    @property
    def images(self) -> tuple[str, ...]:
        """The images of its instances, of which more may be launched."""
        return tuple(dict.fromkeys(i.image_id for i in self.nouns if isinstance(i, Instance) and i.image_id))

    def part_of(self, state: State) -> State:
        """What is in the accounts and regions of the original, in another state."""
        scopes, found = {noun.scope for noun in self.nouns}, State()
        for kind in state.tables:
            for noun in state.all(kind):
                if noun.scope in scopes:
                    found.replace(kind, noun.id, noun)
        return found

    @property
    def regions(self) -> frozenset[str]:
        """Every region that something of it is in."""
        return frozenset(noun.region for noun in self.nouns)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Original)


def encode(original: Original) -> bytes:
    """An original as bytes."""
    return _encoder.encode(original)


def decode(data: bytes) -> Original:
    """An original from bytes; raises msgspec.DecodeError."""
    return _decoder.decode(data)


def read(place: Path, vpc: str = "") -> Original:
    """The original in a dump, all of it or one VPC; raises DumpError where it can be no twin."""
    dump = account(place)
    state = only(dump.state, vpc_called(dump.state, vpc)) if vpc else dump.state
    lacking = complete(state)
    owner, region = _home(state)
    _check_hold(state)
    nouns = tuple(noun for kind in state.tables for noun in state.all(kind))
    told = tuple(map(str, (*dump.findings, *lacking, *_elsewhere(state, owner, region))))
    return Original(str(place.absolute()), owner, region, nouns, told, vpc)  # type: ignore[arg-type]


def _home(state: State) -> tuple[str, str]:
    """The account and the region that have most of it; raises DumpError if no client can be of them."""
    counts = Counter(noun.scope for kind in (Vpc, NetworkInterface) for noun in state.all(kind))
    owner, region = max(counts, key=lambda scope: (counts[scope], scope))
    if not ACCOUNT.fullmatch(owner):
        raise DumpError(f"the account {shown(owner)} is no number of 12 digits, as clients name theirs")
    if region not in REGIONS:
        raise DumpError(f"the region {shown(region)} is not known here")
    return owner, region


def _elsewhere(state: State, owner: str, region: str) -> list[Finding]:
    scopes = {vpc.scope for vpc in state.all(Vpc)} - {(owner, region)}
    return [
        Finding("", f"also of account {one} in {there}: name it as the access key id, and the region")
        for one, there in sorted(scopes)
    ]


def _check_hold(state: State) -> None:
    """Look that a network can be made of it: a dump may be anything; raises DumpError."""
    try:
        holding.check(state, Settings())
        holding.check_names(state)
    except holding.NoNetwork as error:
        raise DumpError(f"no network can be made of it: {shown(error)}") from error
