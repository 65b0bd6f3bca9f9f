"""libptrd.so shows the calls of its header and nothing else, has nothing in it that ends, unwinds or prints, and the shipped Lua
file declares what the header does."""
import os
import pathlib
import re
import subprocess

import pytest

from support.ptrd import BUILD

SOURCE = pathlib.Path(os.environ.get("PTRD_SOURCE", pathlib.Path(__file__).parents[2]))
HEADER = (SOURCE / "include/ptrd/embed/embed.h").read_text()
LUA = (SOURCE / "pdns-config/ptrd.lua").read_text()
# Ending the process, unwinding, printing, signals, and what changes the whole process.
REFUSED = re.compile(r"(_?_?exit|_Exit|quick_exit|abort|raise|__assert\w*|(_|sig)*longjmp\w*|_*(sig)*setjmp|signal|sigaction|kill|alarm|"
                     r"\w*printf\w*|puts|fputs|fwrite|write|perror|\w*syslog|err|warn|fork|exec\w*|chdir|chroot|setuid|atexit)$")
PERMITTED = {"snprintf", "vsnprintf", "__snprintf_chk", "__vsnprintf_chk"}   # into memory


def symbols(*args):
    text = subprocess.run(["nm", "-D", *args, BUILD / "libptrd.so"], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1].split("@")[0] for line in text.splitlines()}


def sanitized():
    return any(name.startswith(("__asan", "__ubsan", "__tsan")) for name in symbols("--undefined-only"))


def declared(text):
    return set(re.findall(r"\b(ptrd_\w+)\(", re.sub(r"/\*.*?\*/|^ *--.*?$", "", text, flags=re.S | re.M)))


def test_it_exports_its_calls_and_nothing_else():
    exported = {name for name in symbols("--defined-only") if not name.startswith(("__asan", "__ubsan", "__tsan", "__odr_asan"))}
    assert exported == declared(HEADER) and len(exported) == 13


def test_it_neither_ends_nor_unwinds_nor_prints():
    found = {name for name in symbols("--undefined-only") if REFUSED.match(name)} - PERMITTED
    assert not found
    assert "mdb_env_open" in symbols("--undefined-only")    # they were looked at


def test_it_is_never_unloaded():
    """Its threads may be at work when the last Lua state goes."""
    flags = subprocess.run(["readelf", "-d", BUILD / "libptrd.so"], capture_output=True, text=True, check=True).stdout
    assert "NODELETE" in flags


def structs(text):
    """{struct: [(type, field)]}."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    found = {}
    for name, body in re.findall(r"struct (ptrd_\w+) \{(.*?)\}", text, re.S):
        found[name] = [(declaration.split()[-2] if "*" not in declaration else "pointer", field.strip(" *\n"))
                       for line in body.split(";") if line.strip()
                       for declaration in [line.strip().split(",")[0]]
                       for field in [declaration.split()[-1], *line.split(",")[1:]]]
    return found


FRONT = {"ptrd_answer", "ptrd_answer_in", "ptrd_count"}     # not for PowerDNS
FRONT_STRUCTS = {"ptrd_host", "ptrd_counters"}


def test_the_lua_file_declares_what_the_header_does():
    cdef, header = re.search(r"ffi\.cdef \[\[(.*?)\]\]", LUA, re.S)[1], structs(HEADER)
    assert structs(cdef) == {name: fields for name, fields in header.items() if name not in FRONT_STRUCTS}
    assert len(structs(cdef)) == 4 and FRONT_STRUCTS <= header.keys()
    assert declared(cdef) == declared(HEADER) - FRONT
    assert re.search(r"#define PTRD_ABI (\d+)", HEADER)[1] == re.search(r"ptrd_abi\(\) == (\d+)", LUA)[1]


def prototypes(text):
    """{function: (type of its result, [types of its parameters])}, without names of parameters."""
    def bare(parameter):
        return re.sub(r"\w+$", "", parameter).strip() if "*" in parameter else parameter.split()[0]

    text = re.sub(r"/\*.*?\*/|^#.*?$", "", text, flags=re.S | re.M).replace("PTRD_API ", "")
    return {name: (result.strip(), [bare(" ".join(parameter.split())) for parameter in parameters.split(",")])
            for result, name, parameters in re.findall(r"^ *([\w ]+?[ *]+)(ptrd_\w+)\(([^()]*)\);", text, re.M)}


def test_the_lua_file_for_dnsdist_declares_what_the_header_does():
    lua = (SOURCE / "pdns-config/dnsdist-ptrd.lua").read_text()
    cdef = re.search(r"ffi\.cdef \[=\[(.*?)\]=\]", lua, re.S)[1]
    ours, header = prototypes(cdef), prototypes(HEADER)
    assert len(ours) == 7 and FRONT - {"ptrd_answer"} < ours.keys()
    assert ours == {name: header[name] for name in ours}

    def functions(text):    # of struct ptrd_host; what dnsdist calls its question is nothing to the library
        return re.findall(r"(\w+ \**\(\*\w+\)\([^)]*\));", text.replace("dnsdist_ffi_dnsquestion_t", "void").replace("void *question", "void *")
                          .replace("size_t len", "size_t"))

    assert functions(cdef) == functions(HEADER) and len(functions(cdef)) == 4
    assert structs(cdef)["ptrd_counters"] == structs(HEADER)["ptrd_counters"]
    assert re.search(r"#define PTRD_ABI (\d+)", HEADER)[1] == re.search(r"abi == (\d+)", lua)[1]


@pytest.mark.skipif(sanitized(), reason="a sanitizer's run-time library has to be loaded first")
def test_a_program_can_load_it_and_let_it_go(tmp_path):
    """dlopen, a handle, a question, dlclose while threads of the library may run."""
    script = ("import ctypes, _ctypes\nfor _ in range(3):\n"
              f" lib = ctypes.CDLL({str((BUILD / 'libptrd.so').resolve())!r}); lib.ptrd_open.restype = ctypes.c_void_p\n"
              f" h = lib.ptrd_open({str(tmp_path).encode()!r}, b'off'); rows = ctypes.c_void_p()\n"
              " assert h and lib.ptrd_lookup(ctypes.c_void_p(h), b'a.example', 1, ctypes.c_int64(-1), ctypes.byref(rows)) == -1\n"
              " lib.ptrd_close(ctypes.c_void_p(h)); _ctypes.dlclose(lib._handle)\nprint('fine')\n")
    done = subprocess.run(["/usr/bin/python3", "-c", script], capture_output=True, text=True, timeout=30)
    assert done.stdout == "fine\n", done
