// One run of the command: its global options, its client and where it writes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/client.h"
#include "cli/format.h"

namespace google::protobuf {
class Message;
}

namespace hearth::cli {

class Session {
 public:
  // Global options as written; check() makes them count.
  struct Options {
    std::string server = "127.0.0.1:7400";
    std::string format = "table";
    std::string timeout;
    bool no_color = false;
    tls::CredentialPaths tls;
  };
  Options options;

  // What stood after "--".
  std::vector<std::string> words;
  // Set by the subcommand that was chosen: whether it prints CSV too.
  bool knows_csv = false;
  // Set by the subcommand that was chosen; returns the exit code.
  std::function<Result<int>()> command;

  Result<> check();

  Client& client();
  bool json() const { return options.format == "json"; }
  bool csv() const { return options.format == "csv"; }
  // Whether standard output takes colours.
  bool colour() const { return colour_; }
  // Whether standard error is a terminal, for progress.
  bool terminal() const { return terminal_; }

  void print(std::string_view text);  // standard output, as it is
  void print(const Table& table);
  void print_line(std::string_view line);  // and flushed: somebody may read along
  void note(std::string_view line);        // standard error, "hearth: " in front
  // Rewrites one line of a terminal's standard error; an empty text clears it.
  void status(const std::string& line);
  std::size_t status_width() const;

  // One object, as the protos' JSON mapping has it, with the protos' field names.
  void print_json(const google::protobuf::Message& message);
  // What is printed as JSON in between are the elements of an array.
  void begin_list();
  void end_list();

  // Asks on the terminal; nothing where nobody is there to answer.
  std::optional<bool> ask(const std::string& question);

 private:
  std::optional<Duration> timeout_;
  std::optional<tls::Credentials> credentials_;
  bool colour_ = false;
  bool terminal_ = false;
  bool status_shown_ = false;
  std::optional<std::size_t> listed_;  // elements so far of an open list
  std::unique_ptr<Client> client_;
};

// One line of JSON: field names as in the protos, fields at their default included.
std::string to_json(const google::protobuf::Message& message);

}  // namespace hearth::cli
