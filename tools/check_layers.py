#!/usr/bin/env python3
"""Checks what the compiler cannot: who may include what, and where impure things may happen.

Prints one line per finding and exits 1 if there is any. Run from the repository root.
"""
import re
import sys
from pathlib import Path

# Folder -> folders of ours it may include from (itself is always allowed). One-way by reading order.
MAY_USE = {
    "common": [],
    "protocol": ["common"],
    "thermal": ["common"],
    "weather": ["common"],
    "wire": ["common", "protocol"],
    "tls": ["common"],
    "scheduler/core": ["common", "protocol", "thermal", "weather"],
    "scheduler/store": ["common", "protocol", "wire", "scheduler/core"],
    "scheduler/runtime": ["common", "protocol", "scheduler/core", "scheduler/store"],
    "scheduler/trust": ["common", "tls", "scheduler/store"],
    "scheduler/rpc": ["common", "protocol", "tls", "wire", "scheduler/core", "scheduler/store",
                      "scheduler/runtime", "scheduler/trust"],
    "scheduler/http": ["common", "protocol", "scheduler/core", "scheduler/runtime"],
    "scheduler": ["common", "protocol", "tls", "weather", "wire", "scheduler/core", "scheduler/store",
                  "scheduler/runtime", "scheduler/trust", "scheduler/rpc", "scheduler/http"],
    "node_agent/core": ["common", "protocol", "thermal"],
    "node_agent/runner": ["common", "protocol"],
    "node_agent/sensors": ["common", "protocol", "thermal", "node_agent/core"],
    "node_agent/store": ["common", "protocol", "thermal", "wire", "node_agent/core"],
    "node_agent/runtime": ["common", "protocol", "node_agent/core", "node_agent/runner",
                           "node_agent/sensors", "node_agent/store"],
    "node_agent/rpc": ["common", "protocol", "tls", "wire", "node_agent/core", "node_agent/store",
                       "node_agent/runtime"],
    "node_agent": ["common", "protocol", "tls", "thermal", "wire", "node_agent/core", "node_agent/runner",
                   "node_agent/sensors", "node_agent/store", "node_agent/runtime",
                   "node_agent/rpc"],
    "cli": ["common", "protocol", "tls", "wire"],
    "simulator": ["common", "protocol", "thermal", "weather", "scheduler/core", "node_agent/core"],
}

# Third-party header -> folders or files that may include it.
MAY_INCLUDE = {
    r"<spdlog/": ["common/log.cpp"],
    r"<openssl/": ["common/digest.cpp", "tls"],
    r"<nlohmann/": ["common/json_reader.h", "scheduler/config.cpp", "node_agent/config.cpp",
                    "node_agent/config_io.h",
                    "node_agent/runner", "node_agent/runtime", "node_agent/store", "cli",
                    "weather/forecast_file.cpp", "simulator",
                    "scheduler/store", "scheduler/rpc/audit.cpp"],
    r"<grpcpp/|<grpc/|\.pb\.h[\">]": ["wire", "tls/channel.h", "tls/channel.cpp",
                                      "scheduler/rpc", "scheduler/main.cpp",
                                      "scheduler/store", "node_agent/rpc", "node_agent/store",
                                      "node_agent/main.cpp", "cli"],
    r"<boost/beast": ["scheduler/http"],
    r"<boost/asio": ["scheduler/runtime", "scheduler/http", "scheduler/rpc", "scheduler/main.cpp",
                     "scheduler/weather_source.h", "node_agent/runtime", "node_agent/rpc", "node_agent/main.cpp"],
    r"<sqlite3": ["scheduler/store"],
    r"<prometheus/": ["scheduler/http"],
    r"<CLI/": ["cli", "simulator", "scheduler/main.cpp", "node_agent/main.cpp", "node_agent/local_control.cpp"],
    r"<(thread|mutex|future|condition_variable|atomic)>": [
        "common/io_pool.h", "tls/credential_watch.h",
        "scheduler/store", "scheduler/runtime", "scheduler/trust", "scheduler/rpc",
        "scheduler/main.cpp", "node_agent/rpc", "node_agent/runtime", "node_agent/main.cpp", "cli"],
}

# Act -> folders or files that may do it.
MAY_DO = {
    r"_clock::now\(|\bclock_gettime\b|\btime\(nullptr\)": [
        "tls/credential_watch.cpp",
        "scheduler/runtime", "scheduler/rpc", "scheduler/main.cpp", "node_agent/runtime",
        "node_agent/rpc", "node_agent/runner", "node_agent/main.cpp", "cli",
        "simulator/stopwatch.h"],
    r"\brandom_device\b|\brand\(": ["scheduler/store", "scheduler/main.cpp", "node_agent/store",
                                    "node_agent/rpc", "node_agent/main.cpp", "cli"],
    r"\bgetenv\b": ["cli", "node_agent/runner"],
    r"\bthrow\b": ["simulator/command_end.h"],
}

# Never in a core: their order or result differs between runs or libraries, or they reach outside.
BANNED_IN_CORE = (r"unordered_(map|set)|std::\w+_distribution|std::shared_ptr|"
                  r"log::(debug|info|warn|error)|#include <(iostream|fstream|filesystem|unistd\.h)>")
CORES = ("scheduler/core", "node_agent/core", "protocol", "thermal")

LINES_MAX = 500
FUNCTION_LINES_MAX = 70
LINE_WIDTH_MAX = 100
SRC = Path("src")


def strip_comments(text):
    return re.sub(r"//[^\n]*", "", text)


def layer_of(path):
    folder = path.relative_to(SRC).parent.as_posix()
    while folder not in MAY_USE:
        if "/" not in folder:
            return None
        folder = folder.rsplit("/", 1)[0]
    return folder


def allowed(path, places):
    name = path.relative_to(SRC).as_posix()
    return any(name == place or name.startswith(place + "/") for place in places)


def long_functions(text):
    """Blocks that open on an unindented line and hold more than the allowed number of lines."""
    start = None
    for number, line in enumerate(text.split("\n"), 1):
        opens = line.endswith("{") and not line.startswith((" ", "}", "#"))
        if start is None and opens and not re.match(r"(inline )?namespace|struct|class|enum|extern",
                                                    line):
            start = number
        elif start is not None and line.startswith("}"):
            if number - start > FUNCTION_LINES_MAX:
                yield start, number - start
            start = None


def check(path):
    text = path.read_text()
    code = strip_comments(text)
    layer = layer_of(path)
    if layer is None:
        yield "folder is in no layer; add it to MAY_USE"
        return
    for target in re.findall(r'#include "([^"]+)"', code):
        target_layer = layer_of(SRC / target) if (SRC / target).exists() else None
        if target_layer and target_layer != layer and target_layer not in MAY_USE[layer]:
            yield f"{layer} may not include {target}"
    for pattern, places in MAY_INCLUDE.items():
        if re.search(r"#include\s+\S*(" + pattern + ")", code) and not allowed(path, places):
            yield f"may not include {pattern}"
    for pattern, places in MAY_DO.items():
        if re.search(pattern, code) and not allowed(path, places):
            yield f"may not use {pattern}"
    if layer in CORES and (found := re.search(BANNED_IN_CORE, code)):
        yield f"{found[0]} is banned in a core"
    if text.count("\n") > LINES_MAX:
        yield f"longer than {LINES_MAX} lines"
    for start, lines in long_functions(text):
        yield f"line {start}: a function of {lines} lines, over {FUNCTION_LINES_MAX}"
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LINE_WIDTH_MAX:
            yield f"line {number}: wider than {LINE_WIDTH_MAX} columns"
    if path.suffix == ".h" and not text.startswith("// "):
        yield "a header opens with a comment that says what it is for"


def main():
    findings = [f"{path}: {finding}"
                for path in sorted(SRC.rglob("*")) if path.suffix in (".h", ".cpp")
                for finding in check(path)]
    cmake = "".join(p.read_text() for p in SRC.rglob("CMakeLists.txt"))
    findings += [f"{p}: in no CMakeLists.txt" for p in sorted(SRC.rglob("*.cpp"))
                 if p.name not in cmake]
    print("\n".join(findings) if findings else "layers: no findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
