// hearth completion: the command tree as tables that bash and zsh complete from.
//
// Made from the same tree that parses, so that it names what there is. Names of jobs, nodes, zones
// and sites are asked of the scheduler when somebody presses TAB, for a second at most.
#include "cli/completion.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/exit_code.h"
#include "cli/session.h"

namespace hearth::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    if (option->get_group().empty() || option->get_positional()) continue;
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    for (const auto& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

// "JOB", "NODE", ...
std::vector<std::string> arguments_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    if (option->get_positional()) names.push_back(option->get_name(true));
  }
  return names;
}

// One line of each table for the command and for all below it.
struct Tables {
  std::string commands;
  std::string options;
  std::string arguments;

  void add(const CLI::App& app, const std::string& chain) {
    const auto line = [&](std::string& table, const std::vector<std::string>& words) {
      if (!words.empty()) table += "    '" + chain + "') echo '" + joined(words) + "' ;;\n";
    };
    line(commands, commands_of(app));
    line(options, options_of(app));
    line(arguments, arguments_of(app));
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
      if (command->get_group().empty()) continue;
      add(*command, (chain.empty() ? "" : chain + " ") + command->get_name());
    }
  }
};

std::string function_of(const std::string& name, const std::string& table) {
  return name + "() {\n  case \"$1\" in\n" + table + "  esac\n}\n";
}

// Shell that both understand.
std::string tables_text(const CLI::App& app) {
  Tables tables;
  tables.add(app, "");
  return function_of("_hearth_commands", tables.commands) +
         function_of("_hearth_options", tables.options) +
         function_of("_hearth_arguments", tables.arguments) + R"sh(_hearth_ids() {
  hearth --timeout 1s -o json "$1" list 2>/dev/null |
    grep -o "\"$2\":\"[^\"]*\"" | cut -d'"' -f4
}
_hearth_names() {
  case " $1 " in
    *" JOB "*) echo last; _hearth_ids job job_id ;;
    *" TASK "*) echo last/; _hearth_ids job job_id | sed 's,$,/,' ;;
    *" NODE "*) _hearth_ids node node_id ;;
    *" ZONE "*) _hearth_ids zone zone_id ;;
    *" SITE "*) _hearth_ids site site_id ;;
    *" SHELL "*) echo 'bash zsh' ;;
  esac
}
)sh";
}

constexpr const char* kBash = R"sh(_hearth() {
  local current=${COMP_WORDS[COMP_CWORD]} chain='' word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $word == -- ]]; then return; fi
    case " $(_hearth_commands "$chain") " in
      *" $word "*) chain="${chain:+$chain }$word" ;;
    esac
  done
  local offered
  if [[ $current == -* ]]; then
    offered="$(_hearth_options "$chain") $(_hearth_options '')"
  else
    offered=$(_hearth_commands "$chain")
    if [[ -z $offered ]]; then offered=$(_hearth_names "$(_hearth_arguments "$chain")"); fi
  fi
  COMPREPLY=($(compgen -W "$offered" -- "$current"))
  if [[ ${COMPREPLY[0]} == */ ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o default -F _hearth hearth
)sh";

constexpr const char* kZsh = R"sh(_hearth() {
  local current=${words[CURRENT]} chain='' word offered
  for word in ${words[2,CURRENT-1]}; do
    if [[ $word == -- ]]; then _files; return; fi
    if [[ " $(_hearth_commands "$chain") " == *" $word "* ]]; then
      chain="${chain:+$chain }$word"
    fi
  done
  if [[ $current == -* ]]; then
    offered="$(_hearth_options "$chain") $(_hearth_options '')"
  else
    offered=$(_hearth_commands "$chain")
    if [[ -z $offered ]]; then offered=$(_hearth_names "$(_hearth_arguments "$chain")"); fi
  fi
  if [[ -z $offered ]]; then _files
  elif [[ $offered == */* ]]; then compadd -S '' -- ${=offered}
  else compadd -- ${=offered}; fi
}
if [[ $funcstack[1] == _hearth ]]; then _hearth "$@"; else compdef _hearth hearth; fi
)sh";

}  // namespace

void add_completion_command(CLI::App& app, Session& session) {
  auto shell = std::make_shared<std::string>();
  auto* command = app.add_subcommand("completion", "What bash or zsh need to complete commands");
  command->footer(
      "Examples:\n"
      "  source <(hearth completion bash)\n"
      "  hearth completion zsh > ~/.zfunc/_hearth");
  command->add_option("SHELL", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
  command->callback([&app, &session, shell] {
    session.command = [&app, &session, shell]() -> Result<int> {
      const bool is_zsh = *shell == "zsh";
      session.print(std::string(is_zsh ? "#compdef hearth\n" : "") +
                    "# Made by `hearth completion " + *shell + "`.\n" + tables_text(app) +
                    (is_zsh ? kZsh : kBash));
      return kExitOk;
    };
  });
}

}  // namespace hearth::cli
