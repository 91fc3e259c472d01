"""A scheduler and agents on loopback, with the real binaries: for the demo, benchmarks and tests.

Everything lives in one temporary directory and ends with stop(): no process and no file is left.
Each agent heats a simulated room. Standard library only.
"""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(os.environ.get("HEARTH_BIN", ROOT / "build" / "release" / "bin"))


class ClusterError(RuntimeError):
    pass


def wait_for(condition, timeout_s, what):
    """Asks `condition` until it answers something true, and returns that."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise ClusterError(f"waited {timeout_s} s for {what}")
        time.sleep(0.02)


def is_alive(pid):
    """Whether a process runs; one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def processes_of(directory):
    """{pid: command line} of what runs in, or with files of, a cluster's directory."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            where = os.readlink(entry / "cwd")
        except OSError:
            continue
        if (str(directory) in words or where.startswith(str(directory))) and \
                is_alive(int(entry.name)):
            found[int(entry.name)] = words
    return found


def stop_directory(directory, keep_files=False):
    """Ends the cluster that lives in `directory` in the order of the data flow: agents, their
    tasks, the scheduler. Returns {pid: command line} of what had to be killed."""
    def end(program):
        pids = [pid for pid, words in processes_of(directory).items()
                if Path(words.split(" ")[0]).name == program]
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        try:
            wait_for(lambda: not any(is_alive(pid) for pid in pids), 15, program + " to end")
        except ClusterError:
            pass  # killed below

    end("hearth-agent")
    for state in Path(directory).iterdir():
        if (state / "runners").is_dir():
            subprocess.run([BIN / "hearth-agent", "stop-tasks", "--state-dir", state],
                           capture_output=True, timeout=30)
    end("hearthd")
    left = processes_of(directory)
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    if not keep_files:
        shutil.rmtree(directory, ignore_errors=True)
    return left


class LocalCluster:
    """Use as a context manager, or call stop()."""

    def __init__(self, scheduler_config=None, keep_files=False):
        # Short: sockets below it have names of at most 108 bytes.
        self.directory = Path(tempfile.mkdtemp(prefix="hearth-"))
        self.keep_files = keep_files
        self.scheduler_config = dict(scheduler_config or {})
        self.scheduler = None
        self.agents = {}
        self.agent_configs = {}
        self.address = None
        self.http_address = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # ---- the scheduler

    def start_scheduler(self):
        state = self.directory / "scheduler"
        state.mkdir(exist_ok=True)
        config = {"listen": self.address or "127.0.0.1:0",
                  "http_listen": self.http_address or "127.0.0.1:0",
                  "state_dir": str(state), **self.scheduler_config}
        config_file = self.directory / "hearthd.json"
        config_file.write_text(json.dumps(config, indent=2))
        ports = state / "hearthd.ports"
        ports.unlink(missing_ok=True)
        self.scheduler = self._spawn([BIN / "hearthd", "--config", config_file], "hearthd")

        def chosen():
            if self.scheduler.poll() is not None:
                raise ClusterError("hearthd ended:\n" + self.log("hearthd")[-2000:])
            return ports.exists() and json.loads(ports.read_text())

        found = wait_for(chosen, 30, "hearthd to listen")
        self.address = f"127.0.0.1:{found['grpc']}"
        self.http_address = f"127.0.0.1:{found['http']}"
        return self.address

    def kill_scheduler(self):
        self.scheduler.send_signal(signal.SIGKILL)
        self.scheduler.wait()

    def stop_scheduler(self):
        self.scheduler.terminate()
        return self.scheduler.wait(timeout=20)

    # ---- agents

    def configure_agent(self, name, **settings):
        config = {"node_id": name, "zone_id": settings.pop("zone_id", name),
                  "scheduler": self.address, "state_dir": str(self.directory / name), **settings}
        self.agent_configs[name] = config
        (self.directory / name).mkdir(exist_ok=True)
        (self.directory / f"{name}.json").write_text(json.dumps(config, indent=2))

    def start_agent(self, name, **settings):
        if settings or name not in self.agent_configs:
            self.configure_agent(name, **settings)
        self.agents[name] = self._spawn(
            [BIN / "hearth-agent", "--config", self.directory / f"{name}.json"], name)

    def kill_agent(self, name):
        self.agents[name].send_signal(signal.SIGKILL)
        self.agents[name].wait()

    def agent_command(self, name, *words):
        """`hearth-agent WORDS` against the running agent."""
        return subprocess.run([BIN / "hearth-agent", *words, "--state-dir", self.directory / name],
                              capture_output=True, text=True, timeout=30)

    def wait_online(self, count=None, timeout_s=30):
        wanted = count or len(self.agents)
        return wait_for(
            lambda: sum(n["state"] == "NODE_STATE_ONLINE" for n in self.nodes()) >= wanted,
            timeout_s, f"{wanted} nodes to be online")

    # ---- the command line

    def hearth(self, *words, check=True, **options):
        """Runs `hearth`; returns the finished process. `check` raises on a non-zero exit."""
        options.setdefault("timeout", 120)
        done = subprocess.run([BIN / "hearth", "--server", self.address, *map(str, words)],
                              capture_output=True, text=True, **options)
        if check and done.returncode != 0:
            raise ClusterError(f"hearth {' '.join(map(str, words))}: exit {done.returncode}\n"
                               f"{done.stdout}{done.stderr}")
        return done

    def json(self, *words):
        return json.loads(self.hearth("-o", "json", *words).stdout)

    def nodes(self):
        return self.json("node", "list")

    def zones(self):
        return {zone["zone_id"]: zone for zone in self.json("zone", "list")}

    # ---- the end

    def log(self, name):
        path = self.directory / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def processes(self):
        return processes_of(self.directory)

    def stop(self):
        """Ends everything; returns the processes that had to be killed (there should be none)."""
        killed = stop_directory(self.directory, self.keep_files)
        for process in [*self.agents.values(), self.scheduler]:
            if process:
                process.wait()
        return killed

    def _spawn(self, words, name):
        with open(self.directory / f"{name}.log", "ab") as log:
            return subprocess.Popen([str(word) for word in words], stdout=log, stderr=log,
                                    stdin=subprocess.DEVNULL, start_new_session=True)
