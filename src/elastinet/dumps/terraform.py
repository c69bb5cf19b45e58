"""A Terraform state in the lists that describe gives: only what Terraform has made is in one."""

from collections.abc import Iterator, Mapping
from typing import Any

from elastinet.dumps import terraform_filters, terraform_nodes, terraform_routes
from elastinet.dumps.finding import shown
from elastinet.dumps.item import Item, Odd
from elastinet.dumps.terraform_lists import Lists, Reader

READERS: tuple[dict[str, Reader], ...] = (
    terraform_nodes.READERS,
    terraform_filters.READERS,
    terraform_routes.READERS,
    terraform_nodes.LATER,
    terraform_filters.LATER,
    terraform_routes.LATER,
)
"""What is made of each type of resource, in this order: some types only add to others."""
AS_DATA = ("aws_vpc", "aws_subnet")
"""Data sources that say as much as the resource would."""
DEEPEST = 32


def is_state(page: Mapping[str, Any]) -> bool:
    """True for a state file, or for what `terraform show -json` prints."""
    is_file = isinstance(page.get("resources"), list) and "version" in page
    return is_file or ("terraform_version" in page and isinstance(page.get("values"), Mapping))


def lists(page: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[str]]:
    """The lists that a state comes to, and what is to be said of it."""
    told = ["a Terraform state: what Terraform has not made is not in it"]
    made, found = Lists(), list(_resources(page, told))
    for readers in READERS:
        for kind, attributes in found:
            if kind in readers:
                try:
                    readers[kind](made, Item(attributes))
                except Odd as odd:
                    told.append(f"{kind} {shown(attributes.get('id'))} left out: {odd}")
    return made.lists, [*told, *made.told]


def _resources(page: Mapping[str, Any], told: list[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    resources = page.get("resources")
    values = page.get("values")
    if isinstance(values, Mapping):
        resources = list(_of_module(values.get("root_module"), 0))
    for resource in resources if isinstance(resources, list) else ():
        if not isinstance(resource, Mapping) or not isinstance(kind := resource.get("type"), str):
            told.append("a resource without a type left out")
        elif resource.get("mode", "managed") == "managed" or kind in AS_DATA:
            instances = resource.get("instances", [{"attributes": resource.get("values")}])
            for one in instances if isinstance(instances, list) else ():
                attributes = one.get("attributes") if isinstance(one, Mapping) else None
                if isinstance(attributes, Mapping):
                    yield kind, attributes
                else:
                    told.append(f"an instance of {shown(kind)} without attributes left out")


def _of_module(module: Any, depth: int) -> Iterator[Any]:
    if not isinstance(module, Mapping) or depth > DEEPEST:
        return
    resources, children = module.get("resources"), module.get("child_modules")
    yield from resources if isinstance(resources, list) else ()
    for child in children if isinstance(children, list) else ():
        yield from _of_module(child, depth + 1)
