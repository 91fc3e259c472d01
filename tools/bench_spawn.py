#!/usr/bin/env python3
"""No-op tasks through the whole of Hearth against a bare loop, in one run.

Both start the same program with the same isolation (directory, limits, captured output, result)
in the same number of threads; the bare loop has no scheduler, no network and no database. They
take turns, because machines are noisy; the medians are compared.
"""
import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time

from local_cluster import BIN, ClusterError, LocalCluster

AGENTS = 2


def bare_loop(tasks, command, isolation):
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as directory:
        done = subprocess.run(
            [BIN / "bench-spawn-loop", "--tasks", str(tasks), "--threads", str(AGENTS),
             "--directory", directory, "--isolation", isolation, "-o", "json", "--", *command],
            check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["tasks_per_s"]


def through_hearth(cluster, tasks, command):
    """From the submit to the last durable result."""
    started = time.monotonic()
    done = cluster.hearth("submit", "--tasks", tasks, "--expected", "5ms", "--wait", "-o", "json",
                          "--", *command, timeout=1200)
    wall_s = time.monotonic() - started
    job = json.loads(done.stdout.splitlines()[0])["job_id"]
    counts = cluster.json("job", "show", job)["counts"]
    if int(counts["succeeded"]) != tasks:
        raise ClusterError(f"{counts['succeeded']} of {tasks} tasks succeeded")
    return tasks / wall_s


def main():
    parser = argparse.ArgumentParser(prog="./dev bench spawn", description=__doc__.split("\n")[0])
    parser.add_argument("--tasks", type=int, default=10_000, help="in each round (10000)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (3)")
    parser.add_argument("--isolation", choices=["none", "full"], default="none",
                        help="how tasks are walled off, in both; full needs root (none)")
    parser.add_argument("-o", "--output", choices=["table", "json"], default="table")
    parser.add_argument("command", nargs="*", default=["/bin/true"])
    arguments = parser.parse_args()
    bare, hearth = [], []
    with LocalCluster({"log_level": "warn"}) as cluster:
        cluster.start_scheduler()
        for number in range(AGENTS):
            cluster.start_agent(f"node-{number + 1}", kind="NONE", cores=1, log_level="warn",
                                isolation={"level": "required" if arguments.isolation == "full"
                                           else "none"})
        cluster.wait_online()
        for turn in range(arguments.rounds):
            bare.append(bare_loop(arguments.tasks, arguments.command, arguments.isolation))
            hearth.append(through_hearth(cluster, arguments.tasks, arguments.command))
            print(f"round {turn + 1}: bare loop {bare[-1]:.0f} tasks/s, "
                  f"hearth {hearth[-1]:.0f} tasks/s", file=sys.stderr, flush=True)
    result = {"tasks": arguments.tasks, "threads": AGENTS, "isolation": arguments.isolation,
              "bare_loop_tasks_per_s": statistics.median(bare),
              "hearth_tasks_per_s": statistics.median(hearth),
              "ratio": statistics.median(hearth) / statistics.median(bare)}
    if arguments.output == "json":
        print(json.dumps(result))
    else:
        print(f"{arguments.tasks} x {' '.join(arguments.command)} in {AGENTS} threads, "
              f"median of {arguments.rounds}:")
        print(f"  bare loop {result['bare_loop_tasks_per_s']:8.0f} tasks/s")
        print(f"  hearth    {result['hearth_tasks_per_s']:8.0f} tasks/s, "
              f"{100 * result['ratio']:.0f} % of it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
