"""DPDK in an instance: an interface that a program has for itself."""
