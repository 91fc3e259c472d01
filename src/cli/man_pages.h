// hearth man: the manual pages of the commands.
#pragma once

#include <map>
#include <string>

namespace CLI {
class App;
}

namespace hearth::cli {

class Session;

// A page for each command of `app`, by file name ("hearth-job.1"), in roff: every command below it,
// with every argument and option as it parses them.
std::map<std::string, std::string> man_pages(const CLI::App& app);

// Writes them into a directory. Hidden: for those who build packages. Both must outlive the
// command.
void add_man_command(CLI::App& app, Session& session);

}  // namespace hearth::cli
