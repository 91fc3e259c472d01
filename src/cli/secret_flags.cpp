#include "cli/secret_flags.h"

#include <cstdlib>

#include "cli/artifacts.h"

namespace hearth::cli {
namespace {

Result<std::string> read_secret_file(const std::string& name, const std::string& file) {
  auto text = read_file(file);
  if (!text) return fail(text.error().code, "--secret " + name + ": " + text.error().message);
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  return text;
}

Result<std::string> read_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value != nullptr) return value;
  return fail(ErrorCode::kInvalidArgument, "--secret " + name + ": no such variable is set here");
}

}  // namespace

Result<protocol::Secrets> read_secret_flags(const std::vector<std::string>& flags) {
  protocol::Secrets secrets;
  for (const auto& flag : flags) {
    const auto equals = flag.find('=');
    const auto name = flag.substr(0, equals);
    const bool is_file = equals != std::string::npos && flag.substr(equals).starts_with("=@");
    if (equals != std::string::npos && !is_file) {
      return fail(ErrorCode::kInvalidArgument,
                  "--secret " + name +
                      ": not NAME or NAME=@FILE; a value here is seen by everybody on this "
                      "computer");
    }
    HEARTH_TRY(value,
               is_file ? read_secret_file(name, flag.substr(equals + 2)) : read_variable(name));
    if (!secrets.emplace(name, value).second) {
      return fail(ErrorCode::kInvalidArgument, "--secret " + name + ": given twice");
    }
  }
  return secrets;
}

}  // namespace hearth::cli
