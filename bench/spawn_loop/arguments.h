// The command line and the printed figures that the spawn benchmarks share.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hearth::bench {

struct Arguments {
  int tasks = 1000;
  int threads = 2;
  std::string directory;  // absolute; everything below tasks/ and runners/ in it may be deleted
  bool json = false;
  std::string isolation = "none";  // none, user or full
  std::vector<std::string> command;
};

// `--tasks N --threads T --directory DIR [--isolation LEVEL] [-o json] -- COMMAND`; prints what is
// wrong otherwise.
std::optional<Arguments> read_arguments(int argc, char** argv);

// One line for people, or one JSON object.
void print_rate(const Arguments& arguments, const char* name, int failed, double wall_s);

}  // namespace hearth::bench
