#!/usr/bin/env python3
"""The man pages name every option and every command of the programs' own help.

Usage: man_test.py BIN SOURCE_ROOT.
"""
import re
import shutil
import subprocess
import sys
import tempfile
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

    def test_every_command_of_hearth_has_its_page(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run([BIN / "hearth", "man", directory], check=True, timeout=30)
            pages = {file.name: file.read_text() for file in Path(directory).iterdir()}
            self.assertEqual({f"hearth-{name}.1" for name in commands(help_of("hearth"))},
                             set(pages))
            overview = page("hearth.1")
            for name, text in pages.items():
                self.assertIn(f"hearth-{name[7:-2]} (1)", overview.replace("\n", " "))
                self.check_page(text.replace("\\-", "-"), [name[7:-2]])
                if shutil.which("groff"):
                    done = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8", f"{directory}/{name}"],
                                          capture_output=True, text=True, timeout=30)
                    self.assertEqual("", done.stderr)

    def check_page(self, text, words):
        told = help_of("hearth", *words)
        below = commands(told)
        for word in below:
            self.check_page(text, [*words, word])
        if below:
            return
        section = text.partition(f"\n.SS hearth {' '.join(words)}\n")[2].partition("\n.SS ")[0]
        self.assertTrue(section, f"hearth {' '.join(words)} has no section")
        options = told.partition("\nOptions:\n")[2].partition("\n\n")[0]
        for option in re.findall(r"(?m)^  (?:-\w,)?(--[a-z-]+)", options):
            if option != "--help":
                self.assertIn(f"\\fB{option}\\fR", section)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
