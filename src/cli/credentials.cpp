#include "cli/credentials.h"

#include <chrono>

namespace hearth::cli {
namespace {

std::optional<tls::Credentials> chosen;

}  // namespace

Result<> choose_credentials(const tls::CredentialPaths& files) {
  chosen.reset();
  if (!files.any()) return {};
  if (files.certificate.empty() || files.key.empty() || files.authorities.empty()) {
    return fail(ErrorCode::kInvalidArgument, "--ca, --cert, --key: all three or none");
  }
  auto read = tls::read_credentials(files);
  if (!read) return fail(ErrorCode::kInvalidArgument, read.error().message);
  const auto now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  const auto checked = tls::check_credentials(*read, now, false);
  if (!checked) {
    return fail(ErrorCode::kInvalidArgument, "--ca, --cert, --key: " + checked.error().message);
  }
  chosen = std::move(*read);
  return {};
}

const std::optional<tls::Credentials>& credentials() {
  return chosen;
}

}  // namespace hearth::cli
