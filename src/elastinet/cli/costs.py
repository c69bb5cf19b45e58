"""`elastinet costs`."""

from typing import Any

from rich.console import Console
from rich.table import Table

from elastinet.cli.common import Json, Port, State, ask, find_server, print_json
from elastinet.cli.terminal import plain


def costs(port: Port = None, state: State = None, json: Json = False) -> None:
    """Show what each public address costs an hour on EC2, by the server's edition of the rules."""
    told = ask(find_server(port, state), "GET", "/_elastinet/costs")
    if json:
        print_json(told)
    else:
        _show(Console(), plain(told))


def _show(console: Console, told: dict[str, Any]) -> None:
    table = Table("address", "account", "region", "use", "$/hour", box=None, pad_edge=False)
    for line in told["lines"]:
        usd = f"{line['usd_per_hour']:.3f}"
        table.add_row(line["public_ip"], line["owner"], line["region"], line["use"], usd)
    console.print(table)
    total = f"${told['usd_per_hour']:.3f} an hour, ${told['usd_per_month']:.2f} a month"
    console.print(f"{total} (rules {told['rules']})")
