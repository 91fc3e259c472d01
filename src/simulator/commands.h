// The subcommands of hearth-sim. Each adds itself to the command line and runs while it is parsed;
// a failure prints one message and ends the parse with CLI::RuntimeError(exit code).
#pragma once

namespace CLI {
class App;
}

namespace hearth::simulator {

void add_fit_command(CLI::App& app);
void add_bestest_command(CLI::App& app);
void add_run_command(CLI::App& app);
void add_compare_command(CLI::App& app);

}  // namespace hearth::simulator
