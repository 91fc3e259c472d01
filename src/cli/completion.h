// hearth completion.
#pragma once

namespace CLI {
class App;
}

namespace hearth::cli {

class Session;

// Prints what bash or zsh need to complete the commands of `app`, which has all of them by the time
// that it parses. Both must outlive the command.
void add_completion_command(CLI::App& app, Session& session);

}  // namespace hearth::cli
