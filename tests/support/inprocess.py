"""The real pdns_server with libptrd inside it (launch=lua2,remote), as pdns-in-process.conf has it, for the system suites.

    with InProcess(store.dir, ptrd.socket, {"cache-ttl": 0}) as pdns: ...
"""
import os
import pathlib
import re
import subprocess

from support.leaves import fragment
from support.pdns import Pdns
from support.ptrd import BUILD

SOURCE = pathlib.Path(os.environ.get("PTRD_SOURCE", pathlib.Path(__file__).parents[2]))
LUA = SOURCE / "pdns-config" / "ptrd.lua"
LIBRARY = (BUILD / "libptrd.so").resolve()


def sanitizers():
    """Run-time libraries that a library with sanitizers needs in a program that was built without: for LD_PRELOAD."""
    listed = subprocess.run(["ldd", LIBRARY], capture_output=True, text=True, check=True).stdout
    return re.findall(r"=> (\S*/lib(?:asan|ubsan|tsan)\.so\S*)", listed)


class InProcess(Pdns):
    def __init__(self, store_dir, ptrd_socket, settings=None, leaf="off", **more):
        self.environment = {**os.environ, "PTRD_DB": str(store_dir), "PTRD_LEAF": leaf, "PTRD_LIBRARY": str(LIBRARY)}
        preload = sanitizers()
        if preload:
            # what PowerDNS and Lua leave behind at exit is theirs
            self.environment |= {"LD_PRELOAD": ":".join(preload), "ASAN_OPTIONS": "detect_leaks=0"}
        shipped = {**fragment("pdns-in-process.conf"), "launch": "lua2,remote", "lua2-filename": LUA}
        super().__init__(ptrd_socket, {**shipped, **(settings or {})}, **more)

    def assert_alive(self):
        """It has not ended, and the sanitizers have nothing to say."""
        assert self.process.poll() is None, self.log()[-3000:]
        assert "Sanitizer" not in self.log() and "runtime error" not in self.log(), self.log()[-3000:]
