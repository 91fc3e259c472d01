#!/usr/bin/env python3
"""Installs, kills, upgrades and purges the Debian packages in a systemd that really boots.

Run by `./dev test-packages` as root: a Debian guest is made with mmdebstrap (once, kept in
build/guest), booted with systemd-nspawn without a network, and used as an operator would. Each line
of the output is a step that was seen to hold, with its time; the first that does not ends the test.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "build/package"
GUEST = ROOT / "build/guest"
NAMES = ["hearthd", "hearth-agent", "hearth-cli", "python3-hearth"]
SUITE, MIRROR = "bookworm", "http://deb.debian.org/debian"
NEXT_VERSION = "0.1.0+next1"
# Tasks and tests meet in files of the guest, so nothing but their user walls the tasks off.
AGENT = {"node_id": "n1", "zone_id": "kitchen", "task_user": "hearth-task", "cores": 2,
         "isolation": {"level": "none"}}


class Failed(Exception):
    pass


def call(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, words))}: exit code {done.returncode}\n"
                     f"{done.stdout}{done.stderr}")
    return done.stdout


def package_file(name):
    found = sorted(PACKAGES.glob(f"{name}_*.deb"))
    if len(found) != 1:
        raise Failed(f"not one {name}_*.deb in {PACKAGES}: run ./dev package")
    return found[0]


def dependencies():
    names = set()
    for name in NAMES:
        for part in call("dpkg-deb", "-f", package_file(name), "Depends").split(","):
            names.add(re.split(r"[ |(:]", part.strip())[0])
    return sorted(names - set(NAMES) - {""})


def base_archive():
    """A guest with everything but our packages; remade when what they depend on changes."""
    wanted = ["systemd", "systemd-sysv", "dbus", "procps", *dependencies()]
    archive, listed = GUEST / "base.tar", GUEST / "base.packages"
    draft = GUEST / "draft.tar"
    text = "\n".join(wanted)
    if archive.exists() and listed.exists() and listed.read_text() == text:
        return archive
    GUEST.mkdir(parents=True, exist_ok=True)
    call("mmdebstrap", "--quiet", "--variant=apt", f"--include={','.join(wanted)}", SUITE,
         draft, MIRROR)
    draft.rename(archive)
    listed.write_text(text)
    return archive


def bumped(name, directory):
    """The same package under a higher version."""
    tree = Path(directory) / name
    call("dpkg-deb", "-R", package_file(name), tree)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {NEXT_VERSION}",
                              control.read_text()))
    made = Path(directory) / f"{name}_{NEXT_VERSION}.deb"
    call("dpkg-deb", "--root-owner-group", "-b", tree, made)
    shutil.rmtree(tree)
    return made


class Guest:
    def __init__(self, root):
        self.root = Path(root)
        call("tar", "-xpf", base_archive(), "-C", root, "--numeric-owner",
             "--exclude=./dev/*")
        for name in NAMES:
            shutil.copy(package_file(name), self.root / "root" / f"{name}.deb")
        for name in ["hearthd", "hearth-agent"]:
            made = bumped(name, self.root / "root")
            made.rename(self.root / "root" / f"{name}-next.deb")
        self.console = open(self.root.parent / "console.log", "wb")
        self.process = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit",
             "--private-network", "--link-journal=no", "--console=pipe",
             f"--directory={root}"],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=subprocess.STDOUT)
        self.leader = self.wait("a leader", self.find_leader, seconds=30)

    def find_leader(self):
        if self.process.poll() is not None:
            raise Failed(f"systemd-nspawn ended with {self.process.returncode}; see "
                         f"{self.console.name}")
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in children:
            status = Path(f"/proc/{child}/status").read_text()
            if re.search(r"(?m)^NSpid:.*\t1$", status):
                return child
        return None

    def enter(self, *words):
        return subprocess.run(["nsenter", "--target", self.leader, "--mount", "--uts", "--ipc",
                               "--net", "--pid", "--cgroup", "--root", "--wd", *words],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=300,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
                                   "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"})

    def run(self, *words):
        done = self.enter(*words)
        if done.returncode != 0:
            raise Failed(f"in the guest: {' '.join(words)}: exit code {done.returncode}\n"
                         f"{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def shell(self, script):
        return self.run("/bin/sh", "-ec", script)

    def property(self, unit, name):
        return self.run("systemctl", "show", "--value", f"--property={name}", unit)

    @staticmethod
    def wait(what, ask, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            answer = ask()
            if answer:
                return answer
            if time.monotonic() > deadline:
                raise Failed(f"waited {seconds} s for {what}")
            time.sleep(0.1)

    def wait_for(self, what, script, seconds=60):
        """Until the script exits with 0; its output."""
        def ask():
            done = self.enter("/bin/sh", "-ec", script)
            return (done.stdout.strip() or "yes") if done.returncode == 0 else None
        return self.wait(what, ask, seconds)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.console.close()


def expect(condition, problem):
    if not condition:
        raise Failed(problem)


def booted(guest):
    state = guest.wait("systemd", lambda: guest.enter(
        "systemctl", "is-system-running").stdout.strip() in ("running", "degraded") and "up")
    return state


def installed(guest):
    said = guest.shell("cd /root && dpkg -i hearthd.deb hearth-agent.deb hearth-cli.deb "
                       "python3-hearth.deb 2>&1")
    expect("edit /etc/hearth/agent.json" in said, f"no word on what to edit:\n{said}")
    expect(guest.property("hearthd", "ActiveState") == "active", "hearthd does not run")
    expect(guest.property("hearth-agent", "ActiveState") == "inactive", "the agent was started")
    for unit in ["hearthd", "hearth-agent"]:
        expect(guest.enter("systemctl", "is-enabled", unit).stdout.strip() == "enabled",
               f"{unit} is not enabled")
    expect(guest.property("hearthd", "DynamicUser") == "yes", "hearthd has no user of its own")
    return "hearthd runs; the agent waits for its node_id"


def configured(guest):
    (guest.root / "etc/hearth/agent.json").write_text(json.dumps(AGENT))
    guest.run("systemctl", "start", "hearth-agent")
    guest.wait_for("the node", "hearth node list -o json | grep -q ONLINE")
    return "Type=notify: active when ready; the node is online"


def worked(guest):
    guest.run("hearth", "submit", "--tasks", "5", "--wait", "--", "/bin/sh", "-c",
              "id -un > $HEARTH_RESULT")
    said = guest.run("hearth", "job", "results", "last", "-o", "json")
    results = [json.loads(line) for line in said.splitlines() if '"index"' in line]
    expect([r["result"].strip() for r in results] == 5 * ["hearth-task"], f"results:\n{said}")
    from_python = guest.run("python3", "-c", "import hearth\n"
                            "with hearth.Client() as c:\n"
                            "  j = c.submit(['/bin/sh', '-c', 'echo p > $HEARTH_RESULT'])\n"
                            "  print([r.text.strip() for r in j.results()])")
    expect(from_python == "['p']", f"from Python: {from_python}")
    # It sees no process of others, and may use /tmp.
    guest.run("hearth", "submit", "--wait", "--", "/bin/sh", "-c",
              "test ! -e /proc/1/status && touch /tmp/touched")
    return "5 tasks as hearth-task, one from Python, one that looked around"


def long_task(guest):
    """A task that tells its process and ends when a file is there."""
    guest.shell("rm -f /var/tmp/go /var/tmp/pid; chmod 1777 /var/tmp")
    guest.run("hearth", "submit", "--", "/bin/sh", "-c",
              "echo $$ > /var/tmp/pid; until [ -e /var/tmp/go ]; do sleep 0.1; done; "
              "echo survived > $HEARTH_RESULT")
    guest.wait_for("the task", "test -s /var/tmp/pid")
    return guest.run("cat", "/var/tmp/pid")


def task_survived(guest, process):
    expect(guest.run("cat", "/var/tmp/pid") == process, "the task was started anew")
    expect(guest.enter("kill", "-0", process).returncode == 0, "the task is gone")
    guest.run("touch", "/var/tmp/go")
    guest.wait_for("the result",
                   "hearth job results last -o json --timeout 20s | grep -q survived")


def agent_restarted(guest):
    process = long_task(guest)
    before = guest.property("hearth-agent", "MainPID")
    guest.run("systemctl", "restart", "hearth-agent")
    expect(guest.property("hearth-agent", "MainPID") != before, "the agent was not restarted")
    guest.wait_for("the agent to find its task", "hearth-agent status | grep -qi running")
    task_survived(guest, process)
    return f"task {process} lived on, its result came"


def hung(guest, unit):
    """Stops the unit's process; returns the seconds until the watchdog had another one running."""
    before = guest.property(unit, "MainPID")
    guest.run("kill", "-STOP", before)
    since = time.monotonic()
    guest.wait_for("the watchdog", f"test $(systemctl show --value -p MainPID {unit}) != "
                                   f"{before} && systemctl is-active -q {unit}", 120)
    return time.monotonic() - since


def agent_hung(guest):
    process = long_task(guest)
    took = hung(guest, "hearth-agent")
    expect(int(guest.property("hearth-agent", "NRestarts")) >= 1, "no restart was counted")
    task_survived(guest, process)
    return f"killed and back {took:.0f} s after SIGSTOP; task {process} lived on"


def scheduler_hung(guest):
    process = long_task(guest)
    took = hung(guest, "hearthd")
    log = guest.run("journalctl", "-u", "hearthd", "--no-pager", "-o", "cat")
    expect("Watchdog timeout" in log, "the journal knows of no watchdog")
    guest.wait_for("the node", "hearth node list -o json | grep -q ONLINE")
    task_survived(guest, process)
    return f"killed and back {took:.0f} s after SIGSTOP; task {process} lived on"


def upgraded(guest):
    process = long_task(guest)
    before = {unit: guest.property(unit, "MainPID") for unit in ["hearthd", "hearth-agent"]}
    guest.shell("cd /root && dpkg -i hearthd-next.deb hearth-agent-next.deb 2>&1")
    for unit, pid in before.items():
        expect(guest.run("dpkg-query", "-W", "-f=${Version}", unit) == NEXT_VERSION,
               f"{unit} was not upgraded")
        expect(guest.property(unit, "ActiveState") == "active", f"{unit} does not run")
        expect(guest.property(unit, "MainPID") != pid, f"{unit} still is the old process")
    kept = json.loads((guest.root / "etc/hearth/agent.json").read_text())
    expect(kept == AGENT, "the upgrade changed the configuration")
    guest.wait_for("the node", "hearth node list -o json | grep -q ONLINE")
    task_survived(guest, process)
    return f"to {NEXT_VERSION}; task {process} lived on"


def refused(guest):
    path = guest.root / "etc/hearth/hearthd.json"
    sound = path.read_text()
    path.write_text('{"lisen": "x"}')
    guest.enter("systemctl", "restart", "hearthd")
    guest.wait("the failure",
               lambda: guest.property("hearthd", "ActiveState") == "failed")
    expect(guest.property("hearthd", "ExecMainStatus") == "78", "the exit code is not 78")
    log = guest.run("journalctl", "-u", "hearthd", "--no-pager", "-o", "cat")
    expect("lisen: unknown key" in log, "the journal does not name the key")
    path.write_text(sound)
    guest.run("systemctl", "restart", "hearthd")
    return "exit code 78, not restarted, the key in the journal"


def removed(guest):
    long_task(guest)
    guest.shell("dpkg -r hearthd hearth-agent 2>&1")
    for path in ["/etc/hearth/agent.json", "/etc/hearth/hearthd.json", "/var/lib/private/hearth",
                 "/var/lib/hearth-agent"]:
        expect(guest.enter("test", "-e", path).returncode == 0, f"{path} is gone")
    left = guest.enter("pgrep", "-a", "hearth").stdout
    expect(not left, f"still running:\n{left}")
    return "configuration and state stay; nothing runs"


def purged(guest):
    guest.shell("dpkg --purge hearthd hearth-agent hearth-cli python3-hearth 2>&1")
    left = guest.enter("find", "/etc", "/var/lib", "/usr", "/lib/", "-xdev", "-iname", "*hearth*",
                       "-not", "-path", "/usr/share/doc/*").stdout
    left = "\n".join(line for line in left.splitlines() if "/dpkg/" not in line)
    expect(not left, f"left behind:\n{left}")
    users = guest.enter("getent", "passwd", "hearth-task").stdout
    expect(not users, f"left behind: {users}")
    said = guest.run("systemctl", "list-units", "--all", "--no-legend", "hearth*",
                     "--state=loaded")
    expect(not said, f"units: {said}")
    return "no file, user or unit is left"


STEPS = [("boot", booted), ("install", installed), ("configure the agent", configured),
         ("submit, results", worked), ("restart the agent", agent_restarted),
         ("agent hangs", agent_hung), ("scheduler hangs", scheduler_hung),
         ("upgrade both", upgraded), ("wrong configuration", refused), ("remove", removed),
         ("purge", purged)]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--keep", action="store_true", help="leave the guest's files")
    keep = arguments.parse_args().keep
    if os.geteuid() != 0:
        sys.exit("test_packages.py: a guest is booted by root only")
    directory = tempfile.mkdtemp(prefix="hearth-guest-")
    guest = None
    begun = time.monotonic()
    try:
        root = Path(directory) / "root"
        root.mkdir()
        guest = Guest(root)
        print(f"{'guest':22} {time.monotonic() - begun:6.1f} s", flush=True)
        for name, step in STEPS:
            since = time.monotonic()
            said = step(guest)
            print(f"{name:22} {time.monotonic() - since:6.1f} s  {said}", flush=True)
        print(f"{'all':22} {time.monotonic() - begun:6.1f} s")
        return 0
    except (Failed, subprocess.TimeoutExpired) as problem:
        print(f"FAILED: {problem}", file=sys.stderr)
        if guest:
            for unit in ["hearthd", "hearth-agent"]:
                print(f"---- {unit}\n" + guest.enter(
                    "journalctl", "-u", unit, "--no-pager", "-n", "40").stdout, file=sys.stderr)
        return 1
    finally:
        if guest:
            guest.stop()
        if keep:
            print(f"kept: {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
