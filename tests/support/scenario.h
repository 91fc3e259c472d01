// Scenario files: lines of what happens, "----", lines of what is ordered, an empty line, and on.
// UPDATE_SCENARIOS=1 rewrites the ordered parts; read the diff before you commit it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace hearth::test {

// What a fresh core orders at one line of what happens, written out.
using Respond = std::function<std::vector<std::string>(const std::string& line)>;

// The scenario with what is really ordered in place of what is expected.
inline std::string replay_scenario(const std::string& scenario, const Respond& respond) {
  std::string out, ordered;
  bool in_answer = false;
  std::istringstream lines(scenario);
  for (std::string line; std::getline(lines, line);) {
    if (line == "----") {
      out += "----\n" + std::exchange(ordered, {});
      in_answer = true;
    } else if (line.empty()) {
      out += "\n";
      in_answer = false;
    } else if (!in_answer) {
      out += line + "\n";
      if (line[0] == '#') continue;
      for (const auto& command : respond(line)) ordered += command + "\n";
    }
  }
  return out;
}

// Replays every file of a directory, each against a core of its own.
inline void replay_every_file(const std::string& directory,
                              const std::function<Respond()>& fresh_core) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    SCOPED_TRACE(entry.path().filename());
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const auto actual = replay_scenario(text.str(), fresh_core());
    if (std::getenv("UPDATE_SCENARIOS")) std::ofstream(entry.path()) << actual;
    EXPECT_EQ(text.str(), actual);
    ++files;
  }
  EXPECT_GT(files, 0);
}

}  // namespace hearth::test
