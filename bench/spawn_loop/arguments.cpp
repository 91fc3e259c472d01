#include "arguments.h"

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <string_view>

namespace hearth::bench {
namespace {

bool read_count(std::string_view text, int& count) {
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, count);
  return read.ec == std::errc{} && read.ptr == end && count > 0;
}

bool read_option(std::string_view name, std::string_view value, Arguments& arguments) {
  if (name == "--tasks") return read_count(value, arguments.tasks);
  if (name == "--threads") return read_count(value, arguments.threads);
  if (name == "--isolation") {
    arguments.isolation = value;
    return value == "none" || value == "user" || value == "full";
  }
  if (name == "-o") return arguments.json = value == "json";
  if (name != "--directory" || value.empty()) return false;
  arguments.directory = std::filesystem::absolute(value).lexically_normal();
  return true;
}

}  // namespace

std::optional<Arguments> read_arguments(int argc, char** argv) {
  Arguments arguments;
  int i = 1;
  for (; i + 1 < argc && std::string_view{argv[i]} != "--"; i += 2) {
    if (!read_option(argv[i], argv[i + 1], arguments)) break;
  }
  if (i + 1 < argc && std::string_view{argv[i]} == "--" && !arguments.directory.empty()) {
    arguments.command.assign(argv + i + 1, argv + argc);
    return arguments;
  }
  std::fprintf(
      stderr,
      "Usage: %s --tasks N --threads T --directory DIR [--isolation none|user|full] [-o json] "
      "-- COMMAND [ARGUMENT...]\n"
      "Runs COMMAND N times on T slots and prints the rate. DIR/tasks is made and emptied.\n",
      argv[0]);
  return std::nullopt;
}

void print_rate(const Arguments& arguments, const char* name, int failed, double wall_s) {
  const double rate = arguments.tasks / wall_s;
  if (arguments.json) {
    std::printf(
        "{\"name\": \"%s\", \"tasks\": %d, \"threads\": %d, \"failed\": %d, \"wall_s\": %.3f, "
        "\"tasks_per_s\": %.1f}\n",
        name, arguments.tasks, arguments.threads, failed, wall_s, rate);
  } else {
    std::printf("%s: %d tasks on %d slots in %.2f s: %.0f tasks/s, %d failed\n", name,
                arguments.tasks, arguments.threads, wall_s, rate, failed);
  }
}

}  // namespace hearth::bench
