#include "cli/session.h"

#include <google/protobuf/util/json_util.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "cli/credentials.h"

namespace hearth::cli {

Result<> Session::check() {
  if (!options.timeout.empty()) {
    HEARTH_TRY(timeout, parse_duration(options.timeout));
    if (timeout < Duration::zero()) {
      return fail(ErrorCode::kInvalidArgument, "--timeout: negative: " + options.timeout);
    }
    timeout_ = timeout;
  }
  HEARTH_TRY(credentials, read_client_credentials(options.tls));
  credentials_ = std::move(credentials);
  if (csv() && !knows_csv) {
    return fail(ErrorCode::kInvalidArgument, "-o csv: only results and zone history print that");
  }
  if (options.server.find(':') == std::string::npos) options.server += ":7400";
  const char* no_color = std::getenv("NO_COLOR");
  colour_ = !options.no_color && (no_color == nullptr || *no_color == '\0') && !json() && !csv() &&
            ::isatty(STDOUT_FILENO) == 1;
  terminal_ = ::isatty(STDERR_FILENO) == 1;
  return {};
}

Client& Session::client() {
  if (!client_) {
    client_ = std::make_unique<Client>(Client::Options{
        options.server, credentials_, timeout_, [this](const std::string& text) { note(text); }});
  }
  return *client_;
}

void Session::print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void Session::print(const Table& table) {
  print(table.render(colour_));
}

void Session::print_line(std::string_view line) {
  status("");
  print(line);
  print("\n");
  std::fflush(stdout);
}

void Session::note(std::string_view line) {
  status("");
  const auto text = "hearth: " + printable(line) + "\n";
  std::fflush(stdout);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void Session::status(const std::string& line) {
  if (!terminal_ || (line.empty() && !status_shown_)) return;
  std::fflush(stdout);
  std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
  std::fflush(stderr);
  status_shown_ = !line.empty();
}

std::size_t Session::status_width() const {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20;
  return known ? size.ws_col - 1u : 79;
}

void Session::print_json(const google::protobuf::Message& message) {
  if (!listed_) return print_line(to_json(message));
  print(((*listed_)++ == 0 ? "[\n" : ",\n") + to_json(message));
}

void Session::begin_list() {
  listed_ = 0;
}

void Session::end_list() {
  print_line(listed_.value_or(0) == 0 ? "[]" : "\n]");
  listed_.reset();
}

std::optional<bool> Session::ask(const std::string& question) {
  if (!terminal_ || ::isatty(STDIN_FILENO) != 1) return std::nullopt;
  status("");
  const auto text = "hearth: " + printable(question) + " [y/N] ";
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::string answer;
  for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar()) {
    answer.push_back(static_cast<char>(c));
  }
  return answer == "y" || answer == "Y" || answer == "yes";
}

std::string to_json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  return status.ok() ? json : "{}";
}

}  // namespace hearth::cli
