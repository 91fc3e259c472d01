// hearth-sim: simulated buildings, real cores, one virtual clock.
#include <CLI/CLI.hpp>

#include "simulator/commands.h"

int main(int argc, char** argv) {
  CLI::App app{
      "Hearth's digital twin: learn a room, check the physics, run a fleet in virtual time"};
  app.name("hearth-sim");
  app.set_version_flag("--version", HEARTH_VERSION);
  app.require_subcommand(1);
  hearth::simulator::add_bestest_command(app);
  hearth::simulator::add_fit_command(app);
  hearth::simulator::add_run_command(app);
  hearth::simulator::add_compare_command(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RuntimeError& ended) {  // a command that has said why
    return ended.get_exit_code();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return 0;
}
