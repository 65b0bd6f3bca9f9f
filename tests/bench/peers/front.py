"""dnsdist with libptrd in it, and with a null responder in the place of libptrd; PowerDNS and ptrd in the safe mode behind."""
from candidate import THREADS, UDP_THREADS, Candidate, Running
from support.dnsdist import Dnsdist
from support.inprocess import LIBRARY
from support.leaves import fragment
from support.pdns import Pdns
from support.ptrd import BUILD, Ptrd

NULL_LIBRARY = (BUILD / "tests" / "bench_null_front.so").resolve()


class Front(Candidate):
    """What dnsdist passes on, PowerDNS answers, which caches."""

    backend = "ptrd"
    caches = False

    def __init__(self, name, title, setup, null=False):
        super().__init__(name, title, setup)
        self._library = NULL_LIBRARY if null else LIBRARY
        self.answers = "null" if null else "exact"

    def start(self, stack, count, store=None, timeout_ms=2000, settings=None, kind=Dnsdist):
        """kind: a class derived from Dnsdist."""
        store = store or self.setup.store
        server = stack.enter_context(Ptrd(store))
        socket, counter = self.counted(stack, server.socket, count)
        lines = {**fragment("pdns-safe.conf"), **THREADS, **(settings or {}),
                 "remote-connection-string": f"unix:path={socket},timeout={timeout_ms}"}
        behind = stack.enter_context(Pdns(socket, lines, probe=self.probe()))
        dns = stack.enter_context(kind(behind.port, store, library=self._library, udp_threads=UDP_THREADS, probe=self.probe()))
        running = Running(dns, [behind, server], counter)
        running.backend = server
        return running
