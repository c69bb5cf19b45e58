"""Interfaces to the kernel: system calls, netlink, nftables, and reading its present state."""
