"""The doors fuzzed for an hour: `make fuzz`. Ctrl-C ends it with its summary."""

import argparse
import random
import sys
import tempfile
import traceback
from pathlib import Path

from elastinet.deletion import remove_tree
from fuzz.run import DOORS, Broken, Outcome, fuzz


def main() -> int:
    """Fuzz one door after the other; the exit code says whether all held."""
    asked = arguments()
    seed = asked.seed or str(random.randrange(1 << 32))
    print(f"seed {seed}: --seed {seed} has the same again")
    outcomes: list[Outcome] = []
    broken = False
    for name in asked.door or DOORS:
        state = Path(tempfile.mkdtemp(prefix="elastinet-fuzz-"))
        try:
            seconds = asked.seconds / len(asked.door or DOORS)
            outcomes.append(fuzz(name, state / "state", seconds, seed, show, asked.batch))
        except Broken as error:
            traceback.print_exception(error)
            print(f"\nbroken: {error}", file=sys.stderr)
            broken = True
        except KeyboardInterrupt:
            break
        finally:
            remove_tree(state)
        if outcomes and outcomes[-1].interrupted:
            break
    print("", *outcomes, f"{sum(one.variants for one in outcomes)} variants in all, seed {seed}", sep="\n")
    return int(broken)


def arguments() -> argparse.Namespace:
    """What is to be fuzzed, for how long, and from where on."""
    parser = argparse.ArgumentParser(prog="make fuzz", description="Fuzz what instances and clients reach.")
    parser.add_argument("--seconds", type=float, default=3600, help="for all doors together")
    parser.add_argument("--seed", default="", help="what all variants follow from")
    parser.add_argument("--door", action="append", choices=list(DOORS), help="this one only")
    parser.add_argument(
        "--batch", type=int, default=0, help="which batch to begin with, to have a failure again"
    )
    return parser.parse_args()


def show(name: str, variants: int, elapsed: float) -> None:
    """Progress, on one line."""
    print(f"\r{name}: {variants} variants in {elapsed:.0f} s ", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
