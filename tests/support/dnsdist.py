"""The real dnsdist with libptrd inside it, as pdns-config/dnsdist-ptrd.conf has it, in front of a real pdns_server: front mode.

    with Dnsdist(pdns.port, store.dir) as front:
        front.ask("7.100.51.198.in-addr.arpa.", "PTR")
        front.counters()                                  # {"answered": 1, "passed": 0, "failed": 0}
        front.console("showRules()")
"""
import os
import re

from support.inprocess import LIBRARY, SOURCE, sanitizers
from support.pdns import Server, free_port, run_tool

CONF = SOURCE / "pdns-config" / "dnsdist-ptrd.conf"
LUA = SOURCE / "pdns-config" / "dnsdist-ptrd.lua"
KEY = "MXNeLFWHUe4363BBKrY06cAsH8NWNb+Se2eXU5+Bb74="


def replaced(text, pattern, by):
    """As re.sub; the pattern must be there."""
    new, count = re.subn(pattern, lambda _: by, text, flags=re.M)
    assert count, f"{pattern} is not in {CONF.name}"
    return new


class Dnsdist(Server):
    """dnsdist in front of the server on port `behind` of 127.0.0.1. rules: lines of Lua where the operator's own stand, before the
    last of the configuration. given, server: more settings of ours and options of newServer, as Lua. user: (user, group) to become.
    library, lua: other files than libptrd and dnsdist-ptrd.lua. prefix: where ptrd is installed, whose files are taken. udp_threads:
    how many threads read UDP. address: on port 53 of that one."""

    def __init__(self, behind, store_dir, rules="", given="", server="", user=None, library=LIBRARY, lua=LUA, prefix=None,
                 udp_threads=1, address=None, probe=("version.bind.example.", "A")):
        super().__init__("dnsdist")
        if address is not None:
            self.address, self.port = address, 53
        preload = sanitizers()
        if preload:
            # what dnsdist and Lua leave behind at exit is theirs
            self.environment = {**os.environ, "LD_PRELOAD": ":".join(preload), "ASAN_OPTIONS": "detect_leaks=0"}
        if not prefix:
            given += f', library = "{library}"'
        text = (prefix / "share/doc/ptrd/examples" / CONF.name if prefix else CONF).read_text()
        text = self._at_home(text, udp_threads)
        # its checks of that server would be counted as questions
        text = replaced(text, r'^newServer\({address="127.0.0.1:5300"}\)$',
                        f'newServer({{address="127.0.0.1:{behind}", checkInterval=3600{server}}})')
        text = replaced(text, r"^--addAction\(MaxQPSIPRule.*$", rules)
        text = replaced(text, r"^--ptrd = .*$", f'ptrd = {{ db = "{store_dir}"{given} }}')
        if not prefix:
            text = replaced(text, r'^dofile\("/usr/local/share/ptrd/dnsdist-ptrd.lua"\)$', f'dofile("{lua}")')
        self.conf = self.dir / "dnsdist.conf"
        self.conf.write_text(text)
        self.dir.chmod(0o755)   # for the user
        become = ["--uid", user[0], "--gid", user[1]] if user else []
        self.start(["/usr/bin/dnsdist", "-C", self.conf, "--supervised", "--disable-syslog", *become], probe)

    def _at_home(self, text, udp_threads):
        """Our own address and console, and nothing asked of the world."""
        listen = f'Local("{self.address}:{self.port}", {{reusePort=true}})'
        lines = [f'controlSocket("127.0.0.1:{free_port()}")', f'setKey("{KEY}")', 'setSecurityPollSuffix("")',
                 "set" + listen, *["add" + listen] * (udp_threads - 1)]
        return replaced(text, r"^setLocal\(.*\)\naddLocal\(.*\)$", "\n".join(lines))

    def console(self, command):
        """What a command says on the console."""
        return run_tool("/usr/bin/dnsdist", "-C", self.conf, "-e", command, env=self.environment)

    def said(self):
        """What ptrdCounters() says: {word: the rest of its line}"""
        return dict(re.findall(r"^(answered|passed|failed|store) +(.*)$", self.console("ptrdCounters()"), re.M))

    def counters(self):
        return {name: int(value) for name, value in self.said().items() if name != "store"}

    def assert_alive(self):
        """It has not ended, and the sanitizers have nothing to say."""
        assert self.process.poll() is None, self.log()[-3000:]
        assert "Sanitizer" not in self.log() and "runtime error" not in self.log(), self.log()[-3000:]
