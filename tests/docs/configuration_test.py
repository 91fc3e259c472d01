#!/usr/bin/env python3
"""docs/CONFIGURATION.md against the programs: every key, its type and its default.

Usage: configuration_test.py HEARTHD HEARTH_AGENT SOURCE_ROOT.
"""
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HEARTHD, AGENT, ROOT = sys.argv[1], sys.argv[2], Path(sys.argv[3])
NAMED = {"node_id": "n", "zone_id": "z"}
TYPES = {bool: "boolean", int: "number", float: "number", str: "string", list: "list"}
# What the table says in words.
OF_THE_COMPUTER = {"runner_path", "cores", "memory_bytes", "cpu_model", "heater.nominal_cpu"}


def tables():
    """Program -> key -> (type, default)."""
    found = {}
    for line in (ROOT / "docs/CONFIGURATION.md").read_text().splitlines():
        if line.startswith("## "):
            rows = found.setdefault(line[3:].split(":")[0], {})
        elif line.startswith("| `"):
            key, kind, default = (cell.strip() for cell in line.split("|")[1:4])
            key = key.strip("`")
            assert key not in rows, f"{key}: twice"
            rows[key] = (kind, default)
    return found


def leaves(value, prefix=""):
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from leaves(inner, f"{prefix}{key}.")
        elif isinstance(inner, list) and inner:
            yield f"{prefix}{key}", []
            yield from leaves(inner[0], f"{prefix}{key}[].")
        else:
            yield f"{prefix}{key}", inner


def printed(program, config):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(config, file)
        file.flush()
        done = subprocess.run([program, "--config", file.name, "--print-config"],
                              capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return dict(leaves(json.loads(done.stdout)))


def agent_defaults():
    """Both drivers' keys, and those of an item of quiet_hours."""
    simulated = printed(AGENT, {**NAMED, "quiet_hours": [{}]})
    sysfs = printed(AGENT, {**NAMED, "heater": {"driver": "sysfs", "air": {"name": "x"}}})
    values = {**sysfs, **simulated, "heater.air.name": ""}
    return {key: value for key, value in values.items() if key not in NAMED}


def scheduler_defaults():
    """What is open in the file is filled; of weather every kind by itself, quotas have no default."""
    places = [{"forecast": "f"}, {"epw": "e"}, {"normals": "lyon"},
              {"latitude": 1, "longitude": 2}]
    values = printed(HEARTHD, {"sites": {"ID": {}}, "tenants": {"ID": {}}})
    quotas = {"cores_max": 1, "jobs_max": 1, "tasks_max": 1}
    filled = printed(HEARTHD, {"tenants": {"ID": quotas}, "other_tenants": quotas})
    values.update({key: None for key in filled if key.rpartition(".")[2] in quotas})
    for place in places:
        filled = printed(HEARTHD, {"weather": place, "sites": {"ID": {"weather": place}}})
        values.update({key: None for key in filled if ".latitude" in key or "weather." in key})
    return values


class Configuration(unittest.TestCase):
    def compare(self, program, values):
        table = tables()[program]
        self.assertEqual(set(values) - set(table), set(), "not in the table")
        self.assertEqual(set(table) - set(values) - set(NAMED), set(), "not in the program")
        for key, value in values.items():
            kind, default = table[key]
            if value is None:
                self.assertEqual(default, "none", key)
                continue
            self.assertEqual(kind, TYPES[type(value)], key)
            if key in OF_THE_COMPUTER:
                continue
            if default == "none":
                self.assertEqual(key, "sites.ID.breaker_w")
                continue
            self.assertTrue(default.startswith("`"), f"{key}: {default}")
            self.assertEqual(json.loads(default.strip("`")), value, key)

    def test_every_key_of_hearthd(self):
        self.compare("hearthd", scheduler_defaults())

    def test_every_key_of_the_agent(self):
        self.compare("hearth-agent", agent_defaults())
        for key in NAMED:
            self.assertEqual(tables()["hearth-agent"][key], ("string", "required"))

    def test_what_hearthd_reads_it_also_prints(self):
        """So that the comparison above misses none: keys as they stand in the reader."""
        text = (ROOT / "src/scheduler/config.cpp").read_text()
        reads = re.findall(r'\bread(?:_\w+)?\(\s*(?:\w+,\s*)?"(\w+)"', text)
        self.assertGreater(len(reads), 40)
        known = {part for key in tables()["hearthd"] for part in key.split(".")}
        self.assertEqual(set(reads) - known, set())

    def test_the_packaged_file_needs_but_its_names(self):
        text = (ROOT / "deploy/debian/agent.json").read_text()
        config = json.loads(re.sub(r"(?m)^\s*//.*$", "", text))
        self.assertEqual((config["node_id"], config["zone_id"]), ("", ""))
        self.assertEqual(config["task_user"], "hearth-task")  # made by the package
        printed(AGENT, {**config, **NAMED, "task_user": ""})

    def test_a_key_that_nobody_knows_is_refused(self):
        for program, config in [(HEARTHD, {}), (AGENT, NAMED)]:
            with self.assertRaisesRegex(AssertionError, "colour: unknown key"):
                printed(program, {**config, "colour": "red"})


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
