"""The nouns as the API shows them, made once for as long as nothing they are made of changes."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from elastinet.model.noun import Noun
from elastinet.model.view import StateView

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import TagTypeDef

P = ParamSpec("P")
S = TypeVar("S")

MOST_SHARED = 4096
"""As many of a shared part's variants are kept; a region has few, each in many views."""


class Views:
    """The last view of each noun, with the nouns it was made of."""

    def __init__(self) -> None:
        self._views: dict[str, tuple[tuple[Any, ...], StateView]] = {}
        self._seen: dict[str, int] = {}
        """The version of the state in which a view was last found to be right."""

    def current(self, noun: Noun, version: int) -> StateView | None:
        """The view of a noun, without a look at its parts, if nothing has changed since it was right."""
        if self._seen.get(noun.id) != version:
            return None
        (shown, *_), view = self._views[noun.id]
        return view if shown is noun else None

    def seen(self, noun: Noun, version: int, view: StateView) -> StateView:
        """Note that a noun's view is right in a version of the state."""
        self._seen[noun.id] = version
        return view

    def of(self, noun: Noun, others: tuple[Any, ...], make: Callable[[], Mapping[str, object]]) -> StateView:
        """The view of a noun, made anew if the noun or one of the others it shows has changed."""
        kept = self._views.get(noun.id)
        parts = (noun, *others)
        if kept is not None and kept[0] == parts:  # which looks first whether each is the very same
            return kept[1]
        view = StateView(make())
        self._views[noun.id] = (parts, view)
        return view

    def forget(self, ids: Iterable[str]) -> None:
        """Drop the views of nouns that are no more."""
        for id in ids:
            self._views.pop(id, None)
            self._seen.pop(id, None)


def shared(make: Callable[P, S]) -> Callable[P, S]:
    """A part that many views have alike: made, and written, once for the same arguments.

    All instances of a launch have one `Placement`, for example. Nobody may change what is given.
    """

    @lru_cache(maxsize=MOST_SHARED, typed=True)
    @wraps(make)
    def part(*args: P.args, **kwargs: P.kwargs) -> StateView:
        return StateView(make(*args, **kwargs))

    return cast("Callable[P, S]", part)


UNMANAGED: Any = StateView(Managed=False)
"""The `Operator` of what no service of AWS manages for the account."""


def tag_set(noun: Noun) -> "list[TagTypeDef]":
    """Tags as every output shape has them."""
    return [{"Key": key, "Value": value} for key, value in noun.tags]


def tags_if_any(shown: S) -> S:
    """A view without the member for tags where there are none.

    In recorded answers these are VPCs, subnets, security groups, instances, images, volumes and addresses.
    Route tables, gateways, interfaces, key pairs, lists and peering connections have an empty list.
    """
    loose = cast("dict[str, Any]", shown)
    if not loose["Tags"]:
        del loose["Tags"]
    return shown
