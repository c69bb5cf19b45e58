"""Open MPI 4, which launches by ORTE, and 5, by PRRTE and PMIx: what they have under other names."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Flavour:
    """What one of them has of its own: names of programs, variables and parameters, and what it must be told.

    `daemon` is what runs ranks in an instance, `options` are mpirun's, `variables` name the files of
    parameters in a launch's folder; `agent`, in ssh's place, `interface`, what daemons listen on, and
    `folder`, where they keep files, are parameters, as are those of `launch`; `memory` is what ranks of one
    instance send by; `efa_fault` is why EFA is only for who insists on it.
    """

    daemon: str
    options: tuple[str, ...]
    variables: Mapping[str, tuple[str, ...]]
    agent: str
    interface: str
    folder: str
    memory: str
    launch: Mapping[str, str]
    efa_fault: str = ""

    def files(self, folder: str) -> dict[str, str]:
        """The variables by which Open MPI finds its parameters."""
        return {
            name: ",".join(f"{folder}/{file}" for file in files) for name, files in self.variables.items()
        }


OPEN_MPI_4 = Flavour(
    daemon="orted",
    options=(),
    variables={"OMPI_MCA_mca_base_param_files": ("launch", "messages")},
    agent="plm_rsh_agent",
    interface="oob_tcp_if_include",
    folder="orte_tmpdir_base",
    memory="vader",
    launch={
        "plm": "rsh",
        "plm_rsh_no_tree_spawn": "1",
        "orte_leave_session_attached": "1",
        "hwloc_base_binding_policy": "none",  # instances do not know of each other's processors
    },
)
OPEN_MPI_5 = Flavour(
    daemon="prted",
    options=("--leave-session-attached",),
    variables={  # PRRTE reads PMIx's, and has all in it override --env
        "PMIX_MCA_mca_base_param_files": ("launch",),
        "OMPI_MCA_mca_base_param_files": ("messages",),
    },
    agent="plm_ssh_agent",
    interface="prte_if_include",
    folder="prte_tmpdir_base",
    memory="sm",
    launch={
        "plm": "ssh",
        "plm_ssh_no_tree_spawn": "1",
        "hwloc_default_binding_policy": "none",
        "rmaps_default_mapping_policy": "slot",  # not by processors either: there may be more ranks
        "ptl_base_if_include": "lo",  # PMIx is between a daemon and its own ranks only
        "odls_base_max_threads": "0",  # else ranks that end at once may be taken for running, and waited for
    },
    efa_fault="Open MPI 5 may wait for ever over EFA, with several messages of 4 KiB or more at a time",
)


def flavour() -> Flavour:
    """The one that this machine has; the newer one if none, which the instances then say."""
    return OPEN_MPI_4 if shutil.which(OPEN_MPI_4.daemon) else OPEN_MPI_5
