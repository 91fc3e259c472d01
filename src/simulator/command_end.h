// How a subcommand that failed ends the program: one message, then CLI11's own way out.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>

#include "common/result.h"

namespace hearth::simulator {

// Exit code 2 where what was asked for can never work, 1 where it failed this time.
[[noreturn]] inline void end_command(const char* command, const Error& error) {
  std::fprintf(stderr, "hearth-sim %s: %s\n", command, error.message.c_str());
  throw CLI::RuntimeError(error.code == ErrorCode::kInvalidArgument ? 2 : 1);
}

}  // namespace hearth::simulator
