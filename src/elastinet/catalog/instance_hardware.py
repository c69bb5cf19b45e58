"""What instance types are made of beside their network: what DescribeInstanceTypes told of 1,395 of them.

Recorded on the same days as `instance_types.csv` (moto 5.2.5 packages the record; facts sheet, section 15).
An empty column is what EC2 did not tell of a type.
"""

import csv
from functools import cache
from pathlib import Path
from typing import Any

import msgspec


class Hardware(msgspec.Struct, frozen=True):
    """One row of the table."""

    row: dict[str, str]

    @property
    def cores(self) -> int:
        """Cores that an instance has unless it asks for fewer."""
        return int(self.row["cores"])

    @property
    def threads(self) -> int:
        """Threads of each core, unless fewer are asked for."""
        return int(self.row["threads"])

    @property
    def valid_cores(self) -> list[int]:
        """The numbers of cores that an instance may ask for; none if it may not."""
        return self.numbers("valid_cores")

    @property
    def valid_threads(self) -> list[int]:
        """The numbers of threads of a core that an instance may ask for."""
        return self.numbers("valid_threads")

    def flag(self, column: str) -> bool:
        """A yes-or-no column."""
        return self.row[column] == "True"

    def words(self, column: str) -> list[str]:
        """A column with several words."""
        return self.row[column].split("|") if self.row[column] else []

    def numbers(self, column: str) -> list[int]:
        """A column with several integers."""
        return [int(word) for word in self.words(column)]

    @property
    def accelerators(self) -> dict[str, Any]:
        """Its GPUs, FPGAs and other accelerators, in the shape of the API."""
        text = self.row["accelerators"]
        return dict(msgspec.json.decode(text)) if text else {}


@cache
def _table() -> dict[str, Hardware]:
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8") as lines:
        return {row["name"]: Hardware(row) for row in csv.DictReader(lines)}


def hardware(name: str) -> Hardware:
    """The hardware of a type that there is."""
    return _table()[name]
