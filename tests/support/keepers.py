"""Ways in which a guest's root keeps something of the memory that it shares: programs that go on."""

import shlex

SECRET = "/dev/shm/secret"
CALLS = """import ctypes, os, socket, struct, subprocess, threading, time
c = ctypes.CDLL(None)
c.mmap.restype = ctypes.c_void_p
def held():
    print("held", flush=True)
def mapped(path, flags):
    f = os.open(path, flags)
    at = c.mmap(None, 4096, 1 if flags == os.O_RDONLY else 3, 1, f, 0)
    os.close(f)
    return at
def trace(pid):
    c.ptrace.argtypes = [ctypes.c_long] * 4
    assert c.ptrace(0x4206, pid, 0, 0) == 0
    held()
    while os.WIFSTOPPED(os.waitpid(pid, 0x40000000)[1]):
        c.ptrace(7, pid, 0, 0)
"""
UNTIL_KILLED = "\nheld()\ntime.sleep(4343)"
REST = "echo held; exec sleep 4343"
"""What holds something says so, and goes on."""


def python(text: str) -> str:
    """A command that runs a Python program until it is killed."""
    return "exec python3 -c '" + (CALLS + text + UNTIL_KILLED).replace("'", "'\\''") + "'"


COVERED = shlex.quote(r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <unistd.h>
int main(int count, char **words) {
    if (count > 1)
        return write(1, "held", 4) + pause();
    if (unshare(CLONE_NEWNS)) return 1;
    int mounts = open("/proc/self/ns/mnt", O_RDONLY), program = open("/proc/self/exe", O_RDONLY);
    if (mount("none", "/", "tmpfs", 0, "") || setns(mounts, CLONE_NEWNS)) return 2;
    int copy = open("/copy", O_CREAT | O_WRONLY, 0777);
    while (sendfile(copy, program, 0, 1 << 20) > 0);
    close(copy), close(program), close(mounts);
    return execl("/copy", "copy", "again", (char *) 0);
}
""")
"""Has the memory among mounts of its own, below a root from which nobody sees it, and nothing else of it."""

KEEPERS = {
    "an open file": f"exec 9<{SECRET}; {REST}",
    "an open folder": f"exec 9</dev/shm; {REST}",
    "a working directory": f"cd /dev/shm; {REST}",
    "mapped memory": python('mapped("/dev/shm/secret", os.O_RDWR)'),
    "a thread's own descriptors": python("""
holds = threading.Event()
def keep():
    c.unshare(0x400)
    os.open("/dev/shm/secret", os.O_RDWR)
    holds.set()
    time.sleep(4343)
threading.Thread(target=keep).start()
holds.wait()"""),
    "a thread whose first one has ended": python("""
os.open("/dev/shm/secret", os.O_RDWR)
def keep():
    while ") Z " not in open(f"/proc/{os.getpid()}/stat").read():
        time.sleep(0.02)
    held()
    time.sleep(4343)
threading.Thread(target=keep).start()
c.pthread_exit(None)"""),
    "mounts of its own": f"exec unshare -m sh -c '{REST}'",
    "mounts of its own that it does not reach": "mkdir -p /tmp/jail; exec unshare -m "
    + python("""
subprocess.run("mount -t tmpfs none /tmp/jail", shell=True, check=True)
os.chroot("/tmp/jail")
os.chdir("/")""").removeprefix("exec "),
    "namespaces of its own": f"exec unshare -Urpmf sh -c '{REST}'",
    "mounts of its own below another root": f"echo {COVERED} | gcc -O2 -static -x c -o /tmp/covered -; "
    "exec /tmp/covered",
    "a tree of mounts that is nowhere": "mkdir -p /d/s; mount --bind /d /d; mount --bind /dev/shm /d/s; "
    + python("""
assert c.syscall(428, -100, b"/d", 0x8001) >= 0
subprocess.run("umount /d/s /d", shell=True, check=True)""").removeprefix("exec "),
    "a descriptor on its way": python("""
a, b = socket.socketpair()
f = os.open("/dev/shm/secret", os.O_RDWR)
socket.send_fds(a, [b"x"], [f])
os.close(f)"""),
    "a file in an overlay over it": "mkdir -p /tmp/low /tmp/p; "
    "mount -t overlay none -o lowerdir=/dev/shm:/tmp/low /tmp/p; exec 9</tmp/p/secret; umount -l /tmp/p; "
    + REST,
    "memory mapped by an overlay": "mkdir -p /tmp/low /tmp/m; exec unshare -m --propagation unchanged "
    + python("""
subprocess.run("mount -t overlay none -o lowerdir=/dev/shm:/tmp/low /tmp/m", shell=True, check=True)
mapped("/tmp/m/secret", os.O_RDONLY)
subprocess.run("umount -l /tmp/m; umount -l /dev/shm", shell=True, check=True)""").removeprefix("exec "),
    "an overlay over it elsewhere": "mkdir -p /tmp/low /tmp/q; exec unshare -m sh -c "
    f"'mount -t overlay none -o lowerdir=/dev/shm:/tmp/low /tmp/q; umount -l /dev/shm; {REST}'",
    "an overlay that is yet to be": python("""
f = c.syscall(430, b"overlay", 0)
assert c.syscall(431, f, 1, b"lowerdir", b"/dev/shm:/tmp", 0) == 0"""),
    "a watch": python('c.inotify_add_watch(c.inotify_init(), b"/dev/shm", 0xFFF)'),
    "another's mounts, by a descriptor": python("""
p = subprocess.Popen(["unshare", "-m", "sleep", "4343"])
while os.readlink(f"/proc/{p.pid}/ns/mnt") == os.readlink("/proc/self/ns/mnt"):
    time.sleep(0.02)
f = os.open(f"/proc/{p.pid}/ns/mnt", os.O_RDONLY)
p.kill()
p.wait()"""),
    "a name of a socket": python("""
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/dev/shm/name")"""),
    "a socket to another guest": python("""
s = socket.socket(socket.AF_UNIX)
s.connect("/dev/shm/door")"""),
    "a socket of another guest": python("""
s = socket.socket(socket.AF_UNIX)
s.connect("/dev/shm/door")
s.send(b"x")
_, fds, _, _ = socket.recv_fds(s, 1, 1)
assert fds
s.close()"""),
}

WAITING = {
    "a named pipe being opened": """
threading.Thread(target=lambda: (os.open("/dev/shm/pipe", os.O_RDONLY), kept())).start()""",
    "a named pipe being opened by a process that is traced": """
child = os.fork()
if not child:
    os.open("/dev/shm/pipe", os.O_RDONLY)
    kept()
    os._exit(0)
threading.Timer(0.3, open, ("/tmp/waits", "w")).start()
trace(child)""",
    "a read from a named pipe": """
f = os.open("/dev/shm/pipe", os.O_RDWR)
threading.Thread(target=lambda: os.read(f, 9) and kept()).start()
time.sleep(0.3)
os.close(f)""",
    "a copy out of a file": """
f = os.open("/dev/shm/secret", os.O_RDONLY)
a, b = os.pipe()
threading.Thread(target=lambda: [os.sendfile(b, f, None, 1 << 20) for _ in range(2)]).start()
time.sleep(0.3)
os.close(f)
go()
count = 0
while count <= 65536:
    count += len(os.read(a, 4096))
kept()""",
    "a copy into a file": """
f = os.open("/dev/shm/secret", os.O_RDWR)
a, b = os.pipe()
threading.Thread(target=lambda: os.splice(a, f, 9)).start()
time.sleep(0.3)
os.close(f)
go()
os.write(b, b"late")""",
}
"""Threads that wait in a system call, with what no table shows; where one gets on, `kept` says so.

64 KiB are in the pipe already when the memory is taken: what the first of two calls has copied.
"""


def waiting(way: str) -> str:
    """The command of one of them; it does the last of it when there is a file /tmp/go."""
    return python(
        """
def kept(): open("/tmp/kept", "w")
def go():
    open("/tmp/waits", "w")
    while not os.path.exists("/tmp/go"): time.sleep(0.02)"""
        + WAITING[way]
        + """
time.sleep(0.3)
open("/tmp/waits", "w")"""
    )


INNOCENT = {
    "nothing at all": "",
    "a message queue": 'assert ctypes.CDLL("librt.so.1").mq_open(b"/q", 0o102, 0o600, None) >= 0',
    "secret memory": """
f = c.syscall(447, 0)
os.ftruncate(f, 4096)
assert c.mmap(None, 4096, 3, 1, f, 0) > 0""",
    "libaio": """
numbers = {"x86_64": 206}
assert c.syscall(numbers.get(os.uname().machine, 0), 1, ctypes.byref(ctypes.c_ulong())) == 0""",
    "memory without a name": """
f = os.memfd_create("x")
os.ftruncate(f, 4096)
assert c.mmap(None, 4096, 3, 1, f, 0) > 0""",
    "memory of System V": "assert c.shmat(c.shmget(0, 4096, 0o1600), None, 0)",
    "a process's descriptor": "f = os.pidfd_open(os.getpid())",
    "namespaces": 'f = [os.open(f"/proc/self/ns/{n}", os.O_RDONLY) for n in ("net", "user", "pid", "ipc")]',
    "a child that shares its memory": "c.vfork()",
    "a child that it traces": 'trace(subprocess.Popen(["sleep", "4343"]).pid)',
    "a child of which it wants to hear": """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
p = subprocess.Popen(["sleep", "4343"])
threading.Thread(target=lambda: signal.sigwaitinfo([signal.SIGCHLD]) and os._exit(1)).start()""",
    "sockets of its own": """
s = socket.create_server(("", 0))
t = socket.create_connection(s.getsockname())
a, b = socket.socketpair()""",
}
"""Programs that have nothing of the memory, though some of what they have is on no mount."""

DOOR = python("""
door = socket.socket(socket.AF_UNIX)
door.bind("/dev/shm/door")
door.listen()
kept = [socket.socket(socket.AF_INET)]
while True:
    kept.append(door.accept()[0])
    threading.Thread(target=lambda s: s.recv(1) and socket.send_fds(s, [b"x"], [kept[0].fileno()]), args=kept[-1:]).start()""")
"""What waits in another guest, and gives who comes a socket of that guest's network."""
