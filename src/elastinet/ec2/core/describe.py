"""Describe, for every noun alike: by ids, by filters, in pages."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from elastinet.ec2.core import faults, filters
from elastinet.ec2.core.page_size import LEAST, page_size
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.noun import Noun
from elastinet.model.view import StateView


@dataclass(frozen=True)
class Describable:
    """Parameters of a noun's Describe operation.

    `result` and `ids` are the members of the output and the input that hold the nouns and their
    ids. `filters` gives each documented filter its place in the view, `indexes` names for some the
    index of the table that answers them at once. `usual_page` is the page of a request without ids that
    does not ask for one.
    """

    kind: type[Noun]
    prefix: str
    result: str
    ids: str
    view: Callable[[Transaction, Any], StateView]
    filters: Mapping[str, str]
    indexes: Mapping[str, str] = field(default_factory=dict)
    pages_with_ids: bool = True
    least_page: int = LEAST
    usual_page: int | None = None
    must_be_there: bool = True


def describe(
    tx: Transaction,
    request: Request,
    what: Describable,
    *,
    also: Sequence[filters.Filter] = (),
    seen: Callable[[Transaction, Any, StateView], Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The nouns that a request asks for, a page of them if it asks for pages.

    `also` are filters that the operation itself sets; `seen` widens what filters look at.
    """
    wanted = request.ids(what.ids)
    asked = [*filters.read(request, what.filters), *also]
    most = page_size(request, what.least_page)
    if most and wanted and not what.pages_with_ids:
        raise faults.combination(f"The parameter {what.ids} cannot be used with the parameter MaxResults")
    most = most or (None if wanted else what.usual_page)
    nouns = by_id(tx, what, wanted) if wanted else _candidates(tx, what, asked)
    found = []
    for noun in nouns:
        view = what.view(tx, noun)
        if not asked or filters.passes(seen(tx, noun, view) if seen else view, asked, what.filters):
            found.append((noun.id, view))
    return page(found, most, request.get("NextToken"), what.result)


def by_id(tx: Transaction, what: Describable, ids: Iterable[str]) -> list[Noun]:
    """The nouns with these ids; all must be there, but for kinds of which EC2 leaves out what is not."""
    found = {id: tx.get(what.kind, id) for id in ids}
    if lost := [id for id, noun in found.items() if noun is None]:
        for id in lost:
            faults.check_form(what.prefix, id)
        if what.must_be_there:
            raise faults.missing(what.prefix, lost)
    return [noun for noun in found.values() if noun is not None]


def _candidates(tx: Transaction, what: Describable, asked: list[filters.Filter]) -> Iterable[Noun]:
    """The nouns among which to look: those of the narrowest index that a filter names, or all."""
    narrowest: tuple[int, str, set[str]] | None = None
    for one in asked:
        if one.name in what.indexes and (values := one.exact) is not None:
            index = what.indexes[one.name]
            size = sum(tx.state.count(what.kind, index, value) for value in values)
            if narrowest is None or size < narrowest[0]:
                narrowest = (size, index, values)
    if narrowest is None:
        return tx.mine(what.kind)
    _, index, values = narrowest
    found = (noun for value in sorted(values) for noun in tx.where(what.kind, index, value))
    return {noun.id: noun for noun in found}.values()


def page(
    found: list[tuple[str, StateView]], most: int | None, token: str | None, result: str
) -> dict[str, Any]:
    """One page of what was found; the token of the next is the last id of this one.

    Pages go by id, so what comes and goes between two of them neither repeats nor hides another.
    """
    if most is None and token is None:
        return {result: [view for _, view in found]}
    after = open_token(token) if token else ""
    rest = sorted((pair for pair in found if pair[0] > after), key=lambda pair: pair[0])
    shown = rest[: most or len(rest)]
    answer: dict[str, Any] = {result: [view for _, view in shown]}
    if len(shown) < len(rest):
        answer["NextToken"] = seal(shown[-1][0])
    return answer


def seal(id: str) -> str:
    """The token of the page after an id."""
    return base64.urlsafe_b64encode(f"after:{id}".encode()).decode()


def open_token(token: str) -> str:
    """The last id of the page before; refuses a token that no page has given."""
    try:
        kind, _, id = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
    except (binascii.Error, UnicodeError):
        kind, id = "", ""
    if kind != "after":
        raise Fault("InvalidNextToken", f"The token '{token}' is invalid.")
    return id
