"""mpirun's standard error as the user has it."""

import os

from elastinet.cli.mpi.complaints import Complaints


def test_all_but_the_warning() -> None:
    """A prompt comes at once, a line that may be the warning when it is whole, and the end of what has none."""
    said, theirs = os.pipe()
    os.set_blocking(said, False)
    ours, out = os.pipe()
    complaints = Complaints(said, out)
    os.write(theirs, b"one\n[a:1] plm:rsh: Warning: setpgid(2,2) failed in parent\n[b:1] two\nwho? ")
    assert complaints.pass_on()
    assert os.read(ours, 99) == b"one\n[b:1] two\nwho? "
    os.write(theirs, b"[a:1] plm")
    assert complaints.pass_on()
    os.write(theirs, b":rsh: Warning: setpgid(3,3) failed in parent\n[c:1] rest")
    os.close(theirs)
    assert not complaints.pass_on()
    complaints.close()
    assert os.read(ours, 99) == b"[c:1] rest"
    os.close(ours)
    os.close(out)
