"""rtnetlink's messages, which pyroute2 encodes.

A mere `import pyroute2` reads all of its sockets and databases, and asyncio for them: that takes as long as
all else that an agent imports. The messages need nothing of it, so here the package is but a name.
"""

import sys
from importlib.util import find_spec, module_from_spec

if "pyroute2" not in sys.modules and (_package := find_spec("pyroute2")) is not None:
    sys.modules["pyroute2"] = module_from_spec(_package)

from pyroute2.netlink.rtnl.fibmsg import fibmsg
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.ndtmsg import ndtmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

__all__ = ["fibmsg", "ifaddrmsg", "ifinfmsg", "ndmsg", "ndtmsg", "rtmsg"]
