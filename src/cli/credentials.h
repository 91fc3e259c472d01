// The certificates of this process for TLS: chosen once, before its first Client is made.
#pragma once

#include <optional>

#include "common/result.h"
#include "tls/certificate.h"

namespace hearth::cli {

// Reads and checks the files, or goes back to none where no path is given. kInvalidArgument: which
// file or option is wrong, and how.
Result<> choose_credentials(const tls::CredentialPaths& files);

// What was chosen; none: in the clear.
const std::optional<tls::Credentials>& credentials();

}  // namespace hearth::cli
