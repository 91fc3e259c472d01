// The certificates for TLS as the command line names them.
#pragma once

#include <optional>

#include "common/result.h"
#include "tls/certificate.h"

namespace hearth::cli {

// Reads and checks the files; none where no path is given. kInvalidArgument: which file or option
// is wrong, and how.
Result<std::optional<tls::Credentials>> read_client_credentials(const tls::CredentialPaths& files);

}  // namespace hearth::cli
