"""How the kernel is spoken to: system calls, netlink, nftables, and what it has, read anew."""
