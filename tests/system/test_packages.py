"""tests/support/packages leaves no service enabled and no policy-rc.d behind, however it ends (apt is a stand-in)."""
import os
import pathlib
import signal
import subprocess
import time

import pytest

SCRIPT = pathlib.Path(os.environ["PTRD_SOURCE"]) / "tests" / "support" / "packages"
WANTS = "etc/systemd/system/multi-user.target.wants"
# Does what an installation does: a service is enabled. It ends as the test says.
APT = """#!/bin/bash
[ "$2" = update ] && exit 0
cat "$PTRD_PACKAGES_ROOT/usr/sbin/policy-rc.d" >"$PTRD_PACKAGES_ROOT/policy-seen"
cat "$PTRD_PACKAGES_ROOT"/etc/postgresql-common/createcluster.d/* >"$PTRD_PACKAGES_ROOT/clusters-seen"
ln -s /lib/systemd/system/new.service "$PTRD_PACKAGES_ROOT/etc/systemd/system/multi-user.target.wants/new.service"
case $HOW in
fine) exit 0 ;;
fail) exit 100 ;;
hang)
    # by a builtin: while a child such as ln runs, bash takes SIGINT for the child's
    : >"$PTRD_PACKAGES_ROOT/hanging"
    exec sleep 60
    ;;
esac
"""
OWN_POLICY = "#!/bin/sh\nexit 104\n"


@pytest.fixture(params=["own policy", "no policy"])
def tree(request, tmp_path):
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / WANTS).mkdir(parents=True)
    (tmp_path / WANTS / "old.service").symlink_to("/lib/systemd/system/old.service")
    bin_dir = tmp_path / "bin"
    bin_dir.mkdir()
    for name, text in {"apt-get": APT, "dpkg-query": "#!/bin/sh\nexit 1\n", "id": "#!/bin/sh\necho 0\n",
                       "systemctl": "#!/bin/sh\nexit 1\n", "update-rc.d": "#!/bin/sh\nexit 1\n"}.items():
        (bin_dir / name).write_text(text)
        (bin_dir / name).chmod(0o755)
    if request.param == "own policy":
        (tmp_path / "usr/sbin/policy-rc.d").write_text(OWN_POLICY)
    return tmp_path, request.param == "own policy"


def start(root, how):
    return subprocess.Popen(
        [SCRIPT, "run"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**os.environ, "PATH": f"{root}/bin:{os.environ['PATH']}", "PTRD_PACKAGES_ROOT": str(root), "HOW": how},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


def assert_as_before(root, had_policy):
    assert "exit 101" in (root / "policy-seen").read_text()
    assert "create_main_cluster = false" in (root / "clusters-seen").read_text()
    assert not (root / "etc/postgresql-common").exists()
    assert sorted(p.name for p in (root / WANTS).iterdir()) == ["old.service"]
    assert [p.name for p in (root / "usr/sbin").iterdir()] == (["policy-rc.d"] if had_policy else [])
    if had_policy:
        assert (root / "usr/sbin/policy-rc.d").read_text() == OWN_POLICY


@pytest.mark.parametrize("how, status", [("fine", 0), ("fail", 100)])
def test_nothing_stays_enabled(tree, how, status):
    root, had_policy = tree
    process = start(root, how)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == status, output
    assert_as_before(root, had_policy)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_leaves_nothing(tree, sign):
    root, had_policy = tree
    process = start(root, "hang")
    end = time.monotonic() + 20
    while not (root / "hanging").exists() and time.monotonic() < end:
        time.sleep(0.02)
    os.killpg(process.pid, sign)  # as a terminal does
    output = process.communicate(timeout=60)[0]
    assert process.returncode != 0, output
    assert_as_before(root, had_policy)


def test_a_kept_policy_of_a_killed_run_is_the_original(tree):
    root, _ = tree
    (root / "usr/sbin/policy-rc.d.kept-by-ptrd").write_text(OWN_POLICY)
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    process = start(root, "fine")
    process.communicate(timeout=60)
    assert_as_before(root, True)


def test_without_root_it_says_what_is_missing(tree):
    root, had_policy = tree
    (root / "bin" / "id").write_text("#!/bin/sh\necho 1000\n")
    process = start(root, "fine")
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert "only root can install" in output and "pdns-server" in output
    assert not (root / "policy-seen").exists()


def test_only_the_quickstart_with_a_database_needs_postgresql():
    lists = {name: subprocess.run([SCRIPT, "list", name], capture_output=True, text=True, check=True).stdout.split()
             for name in ("run", "postgres", "test")}
    assert set(lists["postgres"]) - set(lists["run"]) == {"postgresql-15"}
    assert set(lists["run"]) < set(lists["postgres"]) < set(lists["test"])
