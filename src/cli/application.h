// The `hearth` command: arguments in, exit code out.
#pragma once

#include <string>
#include <vector>

namespace hearth::cli {

// Runs one command; `arguments` without the program's name. Writes to standard output and error.
int run(std::vector<std::string> arguments);

}  // namespace hearth::cli
