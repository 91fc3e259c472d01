#!/usr/bin/env python3
"""The man pages name every option and every command of the programs' own help.

Usage: man_test.py BIN SOURCE_ROOT.
"""
import re
import subprocess
import sys
import unittest
from pathlib import Path

BIN, ROOT = Path(sys.argv[1]), Path(sys.argv[2])


def page(name):
    return (ROOT / "docs/man" / name).read_text().replace("\\-", "-")


def help_of(program, *words):
    return subprocess.run([BIN / program, *words, "--help"], capture_output=True, text=True,
                          check=True, timeout=30).stdout


def commands(text):
    listed = text.partition("Subcommands:\n")[2].partition("\n\n")[0]
    return re.findall(r"(?m)^  (\S+)", listed)


class ManPages(unittest.TestCase):
    def compare(self, file, text):
        known = page(file)
        for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)):
            self.assertIn(option, known, f"docs/man/{file} does not name it")
        for command in commands(text):
            self.assertRegex(known, rf"(?m)^\.B {command}$", f"docs/man/{file} does not name it")

    def test_hearthd(self):
        self.compare("hearthd.8", help_of("hearthd"))

    def test_hearth_agent(self):
        text = help_of("hearth-agent")
        self.compare("hearth-agent.8", text)
        for command in commands(text):
            self.compare("hearth-agent.8", help_of("hearth-agent", command))

    def test_hearth_runner(self):
        self.compare("hearth-runner.8", help_of("hearth-runner"))

    def test_hearth(self):
        text = help_of("hearth")
        self.compare("hearth.1", text.partition("\nExamples:")[0])
        self.assertGreater(len(commands(text)), 5)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
