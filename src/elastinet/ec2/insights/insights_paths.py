"""Paths of Reachability Analyzer: questions that can be asked again."""

from ipaddress import IPv4Address
from typing import Any

from msgspec import to_builtins

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.once import once
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.ec2.insights.resources import Resource, end
from elastinet.model.fault import Fault
from elastinet.model.insights import FilterPortRange, InsightsAnalysis, InsightsPath, PathFilter
from elastinet.model.view import StateView
from elastinet.rules.naming import arn

PROTOCOLS = ("tcp", "udp")
EXCLUDED = {
    "FilterAtSource": ("SourceIp", "DestinationPort"),
    "FilterAtDestination": ("DestinationIp",),
}
"""What may not be said beside a filter, which says it."""
LACKING = (
    "The request must include either the Destination parameter or the FilterAtSource.DestinationAddress "
    "parameter. Add the required parameter and retry the request."
)


def view(tx: Transaction, path: InsightsPath) -> StateView:
    """A path in the shape of the API."""
    return tx.views.of(path, (), lambda: _view(path))


def _view(path: InsightsPath) -> dict[str, Any]:
    shown = {
        "NetworkInsightsPathId": path.id,
        "NetworkInsightsPathArn": arn(path.region, path.owner, "network-insights-path", path.id),
        "CreatedDate": moment(path.create_time),
        "Source": path.source,
        "SourceArn": path.source_arn,
        "Protocol": path.protocol,
        "Tags": tag_set(path),
    }
    given = {
        "Destination": path.destination,
        "DestinationArn": path.destination_arn,
        "SourceIp": path.source_ip,
        "DestinationIp": path.destination_ip,
        "FilterAtSource": path.filter_at_source and to_builtins(path.filter_at_source),
        "FilterAtDestination": path.filter_at_destination and to_builtins(path.filter_at_destination),
    }
    port = {} if path.destination_port is None else {"DestinationPort": path.destination_port}
    return shown | {name: value for name, value in given.items() if value} | port


def _seen(tx: Transaction, path: InsightsPath, view: StateView) -> dict[str, Any]:
    """The view that filters look at: they write ranges of ports with a dash."""
    return dict(view) | {
        name: _dashed(view[name]) for name in ("FilterAtSource", "FilterAtDestination") if name in view
    }


def _dashed(shown: dict[str, Any]) -> dict[str, Any]:
    return {
        name: f"{value['FromPort']}-{value['ToPort']}" if isinstance(value, dict) else value
        for name, value in shown.items()
    }


_PARTS = ("source-address", "source-port-range", "destination-address", "destination-port-range")
PATHS = Describable(
    InsightsPath,
    "nip",
    "NetworkInsightsPaths",
    "NetworkInsightsPathIds",
    view,
    paths(
        "source destination protocol "
        + " ".join(f"filter-at-{end}.{part}" for end in ("source", "destination") for part in _PARTS)
    ),
    least_page=1,
)


def describe_network_insights_paths(tx: Transaction, request: Request) -> Answer:
    """Paths by id or filter."""
    return describe(tx, request, PATHS, seen=_seen)


def create_network_insights_path(tx: Transaction, request: Request) -> Answer:
    """Keep a question: a source, a destination, and what a packet must have."""
    id = once(tx, "CreateNetworkInsightsPath", request, lambda: _create(tx, request).id)
    return {"NetworkInsightsPath": view(tx, need(tx, InsightsPath, "nip", id))}


def _create(tx: Transaction, request: Request) -> InsightsPath:
    _check_exclusions(request)
    protocol = request["Protocol"].lower()
    if protocol not in PROTOCOLS:
        raise faults.invalid(request["Protocol"], "protocol", "Valid values are: tcp, udp.")
    at_source, at_destination = (_filter(request, name) for name in EXCLUDED)
    source, destination = end(tx, request["Source"], "Source"), _destination(tx, request)
    if not destination and not (at_source and at_source.destination_address):
        raise Fault("MissingParameter", LACKING)
    if destination and source.id == destination.id:
        raise faults.invalid(destination.id, "Destination", "It is the source of the path.")
    if tx.count(InsightsPath) >= tx.settings.quotas.network_insights_paths:
        raise faults.quota("NetworkInsightsPathLimitExceeded", "network insights paths")
    return tx.new(
        InsightsPath,
        "nip",
        source=request["Source"],
        source_arn=source.arn,
        destination=request.get("Destination", ""),
        destination_arn=destination.arn if destination else "",
        source_ip=_address(request, "SourceIp"),
        destination_ip=_address(request, "DestinationIp"),
        protocol=protocol,
        destination_port=request.get("DestinationPort"),
        filter_at_source=at_source,
        filter_at_destination=at_destination,
        create_time=tx.now,
        tags=tags_for(tx, request, "network-insights-path"),
    )


def _check_exclusions(request: Request) -> None:
    for name, others in EXCLUDED.items():
        for other in others:
            if name in request and other in request:
                raise faults.combination(f"The parameters {name} and {other} cannot be used together.")


def _destination(tx: Transaction, request: Request) -> Resource | None:
    given = request.get("Destination")
    return end(tx, given, "Destination") if given else None


def _filter(request: Request, name: str) -> PathFilter | None:
    given = request.get(name)
    if given is None:
        return None
    return PathFilter(
        _address(given, "SourceAddress", f"{name}."),
        _range(given, "SourcePortRange", f"{name}."),
        _address(given, "DestinationAddress", f"{name}."),
        _range(given, "DestinationPortRange", f"{name}."),
    )


def _range(request: Request, name: str, path: str) -> FilterPortRange | None:
    given = request.get(name)
    if given is None:
        return None
    low, high = (given.get(member) for member in ("FromPort", "ToPort"))
    if low is None or high is None:
        raise faults.missing_parameter(f"{path}{name}.{'FromPort' if low is None else 'ToPort'}")
    if low > high:
        raise faults.invalid(f"{low}-{high}", f"{path}{name}", "It ends before it begins.")
    return FilterPortRange(low, high)


def _address(request: Request, name: str, path: str = "") -> str:
    text: str = request.get(name) or ""
    try:
        return str(IPv4Address(text)) if text else ""
    except ValueError:
        raise faults.invalid(text, path + name, "It is not an IPv4 address.") from None


def delete_network_insights_path(tx: Transaction, request: Request) -> Answer:
    """Forget a path that has no analyses."""
    path = need(tx, InsightsPath, "nip", request["NetworkInsightsPathId"])
    if next(tx.where(InsightsAnalysis, "path-id", path.id), None):
        raise Fault(
            "AnalysisExistsForNetworkInsightsPath",
            f"The path '{path.id}' has analyses. Delete them before the path.",
        )
    tx.drop(path)
    return {"NetworkInsightsPathId": path.id}
