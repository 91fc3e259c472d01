#!/usr/bin/env python3
"""A scheduler, eight heated rooms and a bank's risk batch, on this machine.

Starts hearthd and eight hearth-agents on loopback, submits examples/risk with the hearth command,
shows progress, prints the risk report and what the rooms got. Leaves no process and no file.
There is one clock: the rooms have 1/240 of a real room's heat capacity, so that a minute shows
what four hours would, and the controllers are as much faster.
"""
import argparse
import datetime
import json
import subprocess
import sys
import time
from pathlib import Path

from local_cluster import BIN, ROOT, ClusterError, LocalCluster, stop_directory, wait_for

RISK = ROOT / "examples" / "risk"
PYTHON = "/usr/bin/python3"
SCALE = 1 / 240

# zone, setpoint degC, start degC: five rooms too cold, three too warm.
ROOMS = [
    ("attic", 21.0, 19.0),
    ("bathroom", 22.0, 20.4),
    ("bedroom", 18.0, 16.8),
    ("kitchen", 20.0, 18.5),
    ("living-room", 20.5, 19.7),
    ("hall", 17.0, 18.6),
    ("office", 19.0, 20.8),
    ("workshop", 16.0, 17.5),
]

OUTDOOR_C = 6.0

# What the scheduler forecasts here, and what not. The power that holds a room does not depend on
# its heat capacity, so capacity (W, cores) and quotes are those of these rooms, in true hours: the
# weather is the 6 degC that the rooms really have, and the loss is the prior of a room whose heater
# is adequate. Learning is off: a model fitted to seconds would be of no use. Runways do depend on
# the capacity: the scheduler takes the rooms for real ones, so what it says is shown beside what is
# left of it in a room of 1/240.
SCHEDULER = {"report_period_s": 0.5, "plan_period_s": 2, "limits_valid_for_s": 30,
             "silent_after_s": 10, "lost_after_s": 120, "log_level": "info",
             "heat": {"learning": False, "capacity_period_s": 2}}


def agent_settings(setpoint_c, start_c):
    return {
        "cores": 1,
        "default_setpoint_c": setpoint_c,
        "sensor_period_s": 0.5,
        "control": {"period_s": 0.5, "gain_time_s": 1500 * SCALE,
                    "integral_time_s": 6000 * SCALE},
        "reconnect": {"min_s": 0.1, "max_s": 1},
        "heater": {
            "driver": "simulated",
            "room": {"floor_area_m2": 15, "ua_w_per_k": 18, "mass": "LIGHT",
                     "capacity_scale": SCALE},
            "initial_temperature_c": start_c,
            "outdoor_temperature_c": OUTDOOR_C,
            # Eight nodes share this machine's processors: half a core each is full power here.
            "nominal_cpu": 0.5,
        },
    }


def say(text):
    print(f"\n== {text}", flush=True)


def write_weather(cluster):
    """Three days at the rooms' outdoor temperature, without sun."""
    hour = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
    hours = [{"time": (hour + datetime.timedelta(hours=i)).strftime("%Y-%m-%dT%H:%M:%SZ"),
              "outdoor_temperature_c": OUTDOOR_C, "irradiance_w_per_m2": 0} for i in range(72)]
    path = cluster.directory / "forecast.json"
    path.write_text(json.dumps({"hours": hours}))
    cluster.scheduler_config["weather"] = {"forecast": str(path)}


def start(cluster):
    say("starting hearthd and eight hearth-agents")
    write_weather(cluster)
    cluster.start_scheduler()
    for zone, setpoint_c, start_c in ROOMS:
        cluster.start_agent(zone, **agent_settings(setpoint_c, start_c))
    cluster.wait_online()
    print(f"hearthd on {cluster.address}, metrics on http://{cluster.http_address}/metrics")


def show_forecast(cluster):
    """What the homes can take, and when the batch would be done, before anything is submitted."""
    def forecast():
        done = cluster.hearth("capacity", "--hours", 1, "-o", "json", check=False)
        found = json.loads(done.stdout) if done.returncode == 0 else {"zones": 0}
        return int(found["zones"]) == len(ROOMS) and found

    try:
        found = wait_for(forecast, 15, "a capacity forecast of all rooms")
    except ClusterError as error:
        return [str(error)]
    say("what the homes can take this hour (hearth capacity)")
    power, cores, day = (found["hours"][0]["power_w"], found["hours"][0]["cores"],
                         found["day_energy_j"])
    for name, key in (("P5", "p5"), ("P50", "p50"), ("P95", "p95")):
        print(f"{name:<4} {power[key]:>6.0f} W  {cores[key]:>5.1f} cores  "
              f"{day[key] / 3.6e6:>6.1f} kWh over the next 24 h")
    say("when the batch would be done (hearth quote examples/risk/risk_job.json)")
    print(cluster.hearth("quote", RISK / "risk_job.json").stdout, end="")
    return []


def show_zone(cluster, name):
    say(f"in the middle of it: hearth zone explain {name}")
    told = cluster.json("zone", "explain", name)
    print(told["summary"])
    for fact in told["facts"]:
        print("  " + fact)
    runway = told["zone"]["heat"].get("runway")
    if runway:
        seconds = float(runway.rstrip("s"))
        print(f"  (a runway of {seconds / 3600:.1f} h in a real room is "
              f"{seconds * SCALE:.0f} s in the demo's, which has 1/240 of its heat capacity)")


def run_batch(cluster):
    """Submits the batch and watches it; returns its job and the hottest each zone became."""
    say("submitting examples/risk/risk_job.json: the book under 1,859 days, in 64 tasks")
    submitted = cluster.hearth("submit", RISK / "risk_job.json", "--label", "demo=yes",
                               "-o", "json")
    job = json.loads(submitted.stdout)["job_id"]
    watching = subprocess.Popen([BIN / "hearth", "--server", cluster.address, "job", "watch", job])
    hottest = {}
    looked = False
    began = time.monotonic()
    try:
        while watching.poll() is None:
            for name, zone in cluster.zones().items():
                now = zone["temperature_c"]["value"]
                ceiling = zone["reference_c"] + 2.0
                hottest[name] = max(hottest.get(name, (-99.0, 0.0)), (now, ceiling))
            if not looked and time.monotonic() - began > 8:
                looked = True
                show_zone(cluster, "kitchen")
            time.sleep(0.5)
    finally:
        if watching.poll() is None:
            watching.terminate()
            watching.wait()
    return job, hottest


def single_process():
    say("the same in one process, to compare to the last bit (about a minute)")
    done = subprocess.run(
        [PYTHON, RISK / "risk.py", "single", "--portfolio", RISK / "portfolio.csv",
         "--history", RISK / "history.csv", "-o", "json"],
        capture_output=True, text=True)
    if done.returncode != 0:
        raise ClusterError("single process: " + done.stderr)
    return json.loads(done.stdout)


def report_risk(cluster, job):
    results = cluster.directory / "results"
    cluster.hearth("job", "results", job, "--directory", results)
    say("risk report")
    print(subprocess.run([PYTHON, RISK / "risk.py", "reduce", "--directory", results],
                         check=True, capture_output=True, text=True).stdout)
    return json.loads(subprocess.run(
        [PYTHON, RISK / "risk.py", "reduce", "--directory", results, "-o", "json"],
        check=True, capture_output=True, text=True).stdout)


def zone_rows(zones):
    rows = []
    for name, setpoint_c, start_c in ROOMS:
        zone = zones[name]
        rows.append({"zone": name, "setpoint_c": setpoint_c, "start_temperature_c": start_c,
                     "end_temperature_c": zone["temperature_c"]["value"],
                     "energy_j": zone["energy_j"], "reference_c": zone["reference_c"],
                     "power_w": zone["power_w"], "tasks": int(zone["tasks_ended"])})
    return rows


def print_fleet(rows):
    say("the fleet when the batch had ended")
    print(f"{'zone':<12} {'setpoint':>8} {'reference':>9} {'start':>7} {'now':>7} "
          f"{'power':>7} {'energy':>9} {'tasks':>5}")
    for row in rows:
        print(f"{row['zone']:<12} {row['setpoint_c']:>6.1f} C {row['reference_c']:>7.1f} C "
              f"{row['start_temperature_c']:>5.1f} C {row['end_temperature_c']:>5.1f} C "
              f"{row['power_w']:>5.0f} W {row['energy_j'] / 1000:>6.1f} kJ {row['tasks']:>5}")


def problems_of(report, rows, hottest):
    """What the demo promises and did not see."""
    found = []
    if report["tasks_succeeded"] != report["tasks_total"]:
        found.append(f"{report['tasks_succeeded']} of {report['tasks_total']} tasks succeeded")
    for key in ("var_99", "es_975"):
        if report[key] != report["single_process_" + key]:
            found.append(f"{key} differs from the single process's")
    cold = [row for row in rows if row["start_temperature_c"] < row["setpoint_c"]]
    warm = [row for row in rows if row["start_temperature_c"] > row["setpoint_c"]]
    if min(r["energy_j"] for r in cold) <= max(r["energy_j"] for r in warm):
        found.append("a cold zone got less energy than a warm one")
    for row in cold:
        if row["end_temperature_c"] <= row["start_temperature_c"]:
            found.append(f"zone {row['zone']} was cold and got no warmer")
    for name, (temperature_c, ceiling_c) in hottest.items():
        start_c = next(start for zone, _, start in ROOMS if zone == name)
        if temperature_c > max(ceiling_c, start_c):
            found.append(f"zone {name} reached {temperature_c:.2f} C, over its ceiling")
    return found


def what_next(cluster):
    print(f"""
== still running; try (in this folder):
export HEARTH_SERVER={cluster.address} PATH=$PWD/build/release/bin:$PATH
hearth zone list
hearth zone explain kitchen
hearth zone plan kitchen
hearth capacity
hearth zone set kitchen off
hearth submit --tasks 100 --wait -- /bin/sh -c 'echo {{index}} > $HEARTH_RESULT'
hearth job results last
hearth submit --cores 99 -- /bin/true; hearth task explain last/0
hearth-agent set 21 --state-dir {cluster.directory}/kitchen
curl http://{cluster.http_address}/metrics

== and when you have seen enough:
./dev demo --stop {cluster.directory}""")


def run(arguments):
    started = time.monotonic()
    cluster = LocalCluster(SCHEDULER)
    try:
        start(cluster)
        unseen = show_forecast(cluster)
        job, hottest = run_batch(cluster)
        rows = zone_rows(cluster.zones())
        shown = cluster.json("job", "show", job)
        risk = report_risk(cluster, job)
        print_fleet(rows)
        single = single_process()
        report = {
            "tasks_total": int(shown["spec"]["task_count"]),
            "tasks_succeeded": int(shown["counts"]["succeeded"]),
            "attempts": int(shown["attempts_ended"]),
            "var_99": risk["var_99"], "es_975": risk["es_975"],
            "single_process_var_99": single["var_99"],
            "single_process_es_975": single["es_975"],
            "wall_s": round(time.monotonic() - started, 3),
            "zones": [{key: row[key] for key in ("zone", "setpoint_c", "start_temperature_c",
                                                 "end_temperature_c", "energy_j")}
                      for row in rows],
        }
        if arguments.report:
            Path(arguments.report).write_text(json.dumps(report, indent=2) + "\n")
        problems = unseen + problems_of(report, rows, hottest)
        same = report["var_99"] == single["var_99"] and report["es_975"] == single["es_975"]
        print(f"one process: VaR {single['var_99']:.2f}, ES {single['es_975']:.2f}: "
              f"{'equal to the last bit' if same else 'NOT EQUAL'}")
        print(f"{report['tasks_succeeded']} of {report['tasks_total']} tasks succeeded in "
              f"{report['attempts']} attempts; {report['wall_s']:.0f} s in all")
        for problem in problems:
            print("PROBLEM: " + problem)
        if arguments.keep:
            what_next(cluster)
        return 1 if problems else 0
    finally:
        if not arguments.keep:
            killed = cluster.stop()
            for words in killed.values():
                print("had to be killed: " + words, file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__.split("\n")[0])
    parser.add_argument("--report", metavar="FILE", help="also write the figures as JSON")
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    parser.add_argument("--stop", metavar="DIRECTORY", help="end what --keep left running")
    arguments = parser.parse_args()
    if arguments.stop:
        if not (Path(arguments.stop) / "hearthd.json").exists():
            parser.error(f"--stop: {arguments.stop} is no demo's directory")
        stop_directory(Path(arguments.stop))
        return 0
    try:
        return run(arguments)
    except ClusterError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
