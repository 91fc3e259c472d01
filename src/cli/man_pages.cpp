// Made from the same tree that parses, so that pages and program cannot differ.
#include "cli/man_pages.h"

#include <CLI/CLI.hpp>
#include <cctype>
#include <fstream>
#include <memory>
#include <sstream>

#include "cli/exit_code.h"
#include "cli/session.h"

namespace hearth::cli {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  std::vector<const CLI::App*> shown;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) shown.push_back(command);
  }
  return shown;
}

// So that roff takes it for text.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string bold(const std::string& text) {
  return "\\fB" + escaped(text) + "\\fR";
}
std::string italic(const std::string& text) {
  return "\\fI" + escaped(text) + "\\fR";
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

// CLI11 tells the accepted values behind the type.
std::string value_of(const CLI::Option& option) {
  const auto type = option.get_type_name();
  return type.substr(0, type.find_first_of(":{ "));
}

bool repeats(const CLI::Option& option) {
  return option.get_items_expected_max() > 1;
}

// "JOB...", in brackets where it may be left out.
std::string argument_text(const CLI::Option& option) {
  auto text = italic(option.get_name(true)) + (repeats(option) ? "..." : "");
  return option.get_required() ? text : "[" + text + "]";
}

// "hearth job cancel [OPTIONS] JOB..."
std::string usage(const CLI::App& command, const std::string& chain) {
  auto text = bold(chain) + " [" + italic("OPTIONS") + "]";
  for (const auto* option : command.get_options()) {
    if (option->get_positional()) text += " " + argument_text(*option);
  }
  return text + "\n";
}

std::string option_text(const CLI::Option& option) {
  std::string names;
  for (const auto& name : option.get_snames()) {
    names += (names.empty() ? "" : ", ") + bold("-" + name);
  }
  for (const auto& name : option.get_lnames()) {
    names += (names.empty() ? "" : ", ") + bold("--" + name);
  }
  if (option.get_positional()) {
    names = italic(option.get_name(true));
  } else if (takes_value(option)) {
    names += " " + italic(value_of(option));
  }
  auto text = escaped(option.get_description());
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : ".\n") + more; };
  if (option.get_required() && !option.get_positional()) add("It must be given");
  if (!option.get_default_str().empty()) add("Default: " + escaped(option.get_default_str()));
  if (!option.get_envname().empty()) add("Environment: $" + escaped(option.get_envname()));
  if (repeats(option) && !option.get_positional()) add("May be repeated");
  return ".TP\n" + names + "\n" + (text.empty() ? "One of them" : text) + ".\n";
}

// Lines that begin with spaces are examples, as they are; the others are text.
std::string footer_text(const std::string& footer) {
  std::string out;
  bool in_example = false;
  std::istringstream lines(footer);
  for (std::string line; std::getline(lines, line);) {
    const bool is_example = line.starts_with("  ");
    if (is_example != in_example) out += is_example ? ".PP\n.nf\n.RS 4\n" : ".RE\n.fi\n.PP\n";
    in_example = is_example;
    if (line.empty()) {
      out += out.empty() || out.ends_with(".PP\n") ? "" : ".PP\n";
    } else {
      out += escaped(is_example ? line.substr(2) : line) + "\n";
    }
  }
  return out + (in_example ? ".RE\n.fi\n" : "");
}

// What a command takes, and what its help says besides.
std::string body(const CLI::App& command) {
  std::string out;
  for (const auto* option : command.get_options()) {
    const bool is_help = option->check_lname("help");
    if (!is_help && !option->get_group().empty()) out += option_text(*option);
  }
  const auto footer = footer_text(command.get_footer());
  return out + (footer.empty() ? "" : ".PP\n" + footer);
}

// All that can be called below `command`.
void add_leaves(const CLI::App& command, const std::string& chain, std::string& usages,
                std::string& sections) {
  const auto inner = commands_of(command);
  if (inner.empty()) {
    usages += (usages.empty() ? "" : ".br\n") + usage(command, chain);
    sections +=
        ".SS " + escaped(chain) + "\n" + escaped(command.get_description()) + ".\n" + body(command);
  }
  for (const auto* one : inner) add_leaves(*one, chain + " " + one->get_name(), usages, sections);
}

std::string lowered(std::string text) {
  const bool is_word = text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0;
  if (is_word) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::string page(const CLI::App& command) {
  const auto name = "hearth-" + command.get_name();
  std::string title = name;
  for (auto& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::string usages;
  std::string sections;
  add_leaves(command, "hearth " + command.get_name(), usages, sections);
  return ".\\\" Made by `hearth man`.\n.TH " + escaped(title) + " 1 \"\" \"Hearth " +
         std::string(HEARTH_VERSION) + "\" \"User Commands\"\n.SH NAME\n" + escaped(name) +
         " \\- " + escaped(lowered(command.get_description())) + "\n.SH SYNOPSIS\n" + usages +
         ".SH COMMANDS\n" + sections +
         ".SH SEE ALSO\n"
         "Options that every command takes, and exit codes:\n.BR hearth (1).\n"
         "Submission files, JSON and more examples:\n.I /usr/share/doc/hearth\\-cli/CLI.md\n";
}

Result<int> write_pages(const CLI::App& app, const std::string& directory) {
  for (const auto& [name, text] : man_pages(app)) {
    const auto path = directory + "/" + name;
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file) return fail(ErrorCode::kInternal, path + ": cannot be written");
  }
  return kExitOk;
}

}  // namespace

std::map<std::string, std::string> man_pages(const CLI::App& app) {
  std::map<std::string, std::string> pages;
  for (const auto* command : commands_of(app)) {
    pages["hearth-" + command->get_name() + ".1"] = page(*command);
  }
  return pages;
}

void add_man_command(CLI::App& app, Session& session) {
  auto directory = std::make_shared<std::string>();
  auto* command = app.add_subcommand("man", "Write the manual pages of the commands");
  command->group("");
  command->add_option("DIRECTORY", *directory, "Where they go; it must be there")->required();
  command->callback([&app, &session, directory] {
    session.command = [&app, directory] { return write_pages(app, *directory); };
  });
}

}  // namespace hearth::cli
