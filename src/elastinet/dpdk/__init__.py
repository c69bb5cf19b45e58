"""DPDK in an instance: which driver, which options of its environment layer, which command."""
