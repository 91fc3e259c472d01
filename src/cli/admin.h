// The commands of whoever runs the scheduler.
#pragma once

namespace CLI {
class App;
}

namespace hearth::cli {

class Session;

// The session must outlive the app.
void add_admin_commands(CLI::App& app, Session& session);
void add_ca_commands(CLI::App& admin_commands, Session& session);

}  // namespace hearth::cli
