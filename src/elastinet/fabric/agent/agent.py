"""The agent's program. Start it by `launch.agent_command`, which makes its namespaces and has it sealed."""

from typing import NoReturn


def main() -> NoReturn:
    """Be the agent."""
    from elastinet.fabric.agent import process

    process.main()


if __name__ == "__main__":
    main()
