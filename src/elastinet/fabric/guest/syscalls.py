"""System calls that no program of a guest may use, with their numbers.

The rest of the machine's kernel is everybody's: what has no namespace is not the guest's to use. Each call
fails as it does where a kernel was built without it, or for who lacks the power, so that programs go on.
"""

from errno import ENOSYS, EPERM

DENIED = {
    # Sockets of every family and files of every kind are to be had by these, past every other rule.
    "io_uring_setup": ENOSYS,
    "io_uring_enter": ENOSYS,
    "io_uring_register": ENOSYS,
    # Keys and keyrings are found by number, whosever they are, or by user.
    "add_key": ENOSYS,
    "request_key": ENOSYS,
    "keyctl": ENOSYS,
    # Files by handle are of the whole file system, also beyond what is mounted.
    "open_by_handle_at": EPERM,
    # The kernel itself: its programs, modules, memory, messages, and the next kernel.
    "bpf": EPERM,
    "perf_event_open": EPERM,
    "userfaultfd": EPERM,
    "init_module": EPERM,
    "finit_module": EPERM,
    "delete_module": EPERM,
    "create_module": ENOSYS,
    "get_kernel_syms": ENOSYS,
    "query_module": ENOSYS,
    "kexec_load": EPERM,
    "kexec_file_load": EPERM,
    "syslog": EPERM,
    "lookup_dcookie": EPERM,
    "_sysctl": ENOSYS,
    # What the machine has one of.
    "swapon": EPERM,
    "swapoff": EPERM,
    "acct": EPERM,
    "quotactl": EPERM,
    "quotactl_fd": EPERM,
    "settimeofday": EPERM,
    "clock_settime": EPERM,
    "iopl": EPERM,
    "ioperm": EPERM,
    "nfsservctl": ENOSYS,
    "uselib": ENOSYS,
}
"""Calls, and the error that each gives."""

OPENING = ("socket", "socketpair")
"""Calls whose first argument is a family of sockets, and whose third is a protocol."""
FAMILIES = {"unix": 1, "inet": 2, "inet6": 10, "netlink": 16, "packet": 17}
"""The families that a network namespace divides. VSOCK, the host's, is none of them; nor are those that serve
one kind of device or cluster (TIPC, RDS, SMC, CAN, Bluetooth …), the kernel's ciphers (ALG), and XDP, which
needs bpf."""

PROTOCOL_OF_SMC = 256
"""The same as the family SMC, as a protocol of IPv4 and IPv6: its devices are the machine's."""

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""AUDIT_ARCH values, by which a filter tells through which architecture's entry a call came in."""
FOREIGN_BIT = {"x86_64": 0x40000000}
"""Numbers from here on are of another table (x32) that comes in by the same entry."""

NUMBERS = {
    "x86_64": {
        "socket": 41,
        "socketpair": 53,
        "_sysctl": 156,
        "acct": 163,
        "settimeofday": 164,
        "swapon": 167,
        "swapoff": 168,
        "iopl": 172,
        "ioperm": 173,
        "create_module": 174,
        "init_module": 175,
        "delete_module": 176,
        "get_kernel_syms": 177,
        "query_module": 178,
        "quotactl": 179,
        "nfsservctl": 180,
        "syslog": 103,
        "uselib": 134,
        "lookup_dcookie": 212,
        "clock_settime": 227,
        "kexec_load": 246,
        "add_key": 248,
        "request_key": 249,
        "keyctl": 250,
        "perf_event_open": 298,
        "open_by_handle_at": 304,
        "finit_module": 313,
        "kexec_file_load": 320,
        "bpf": 321,
        "userfaultfd": 323,
        "io_uring_setup": 425,
        "io_uring_enter": 426,
        "io_uring_register": 427,
        "quotactl_fd": 443,
    },
    "aarch64": {
        "lookup_dcookie": 18,
        "nfsservctl": 42,
        "quotactl": 60,
        "acct": 89,
        "kexec_load": 104,
        "init_module": 105,
        "delete_module": 106,
        "clock_settime": 112,
        "syslog": 116,
        "settimeofday": 170,
        "socket": 198,
        "socketpair": 199,
        "add_key": 217,
        "request_key": 218,
        "keyctl": 219,
        "swapon": 224,
        "swapoff": 225,
        "perf_event_open": 241,
        "open_by_handle_at": 265,
        "finit_module": 273,
        "bpf": 280,
        "userfaultfd": 282,
        "kexec_file_load": 294,
        "io_uring_setup": 425,
        "io_uring_enter": 426,
        "io_uring_register": 427,
        "quotactl_fd": 443,
    },
}
"""The kernel's numbers, which never change; what an architecture has not got is not there."""
