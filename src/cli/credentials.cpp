#include "cli/credentials.h"

#include <chrono>

namespace hearth::cli {

Result<std::optional<tls::Credentials>> read_client_credentials(const tls::CredentialPaths& files) {
  if (!files.any()) return std::nullopt;
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
  return std::optional{std::move(*read)};
}

}  // namespace hearth::cli
