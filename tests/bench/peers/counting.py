"""A proxy between PowerDNS and the socket of its remote backend that counts the requests by method: round trips."""
import collections
import os
import re
import socket
import tempfile
import threading

METHOD = re.compile(rb'"method": ?"(\w+)"')


class Proxy:
    """Listens on .socket; what comes there goes to the backend, and back. .counts: method -> requests."""

    def __init__(self, backend):
        self._backend, self.counts = backend, collections.Counter()
        self._dir = tempfile.TemporaryDirectory(prefix="count-")
        self.socket = os.path.join(self._dir.name, "s")
        self._lock = threading.Lock()
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(self.socket)
        self._listening.listen(64)

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._dir.cleanup()

    def _accept(self):
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._backend)
            threading.Thread(target=self._relay, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._relay, args=(server, client, False), daemon=True).start()

    def _relay(self, source, target, counted):
        """PowerDNS has one request under way on a connection: a method is never split over two of them."""
        rest = b""
        while True:
            try:
                data = source.recv(1 << 16)
                target.sendall(data)
            except OSError:
                data = b""
            if not data:
                for end in (source, target):
                    try:
                        end.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
                return
            if counted:
                rest = self._count(rest + data)

    def _count(self, data):
        *whole, rest = data.split(b"\n")
        with self._lock:
            for line in whole:
                found = METHOD.search(line)
                self.counts[found[1].decode() if found else "?"] += 1
        return rest

    def take(self):
        """The counts since the last time."""
        with self._lock:
            counts, self.counts = self.counts, collections.Counter()
        return counts
