// Why a connection does not come about: gRPC says "Socket closed" whatever the reason was.
#pragma once

#include <optional>
#include <string>

#include "tls/certificate.h"

namespace hearth::tls {

// Connects to HOST:PORT by itself and looks at how the handshake ends; blocking, a second or two at
// most. What is wrong with the certificates of either side, in words; nullopt where it is not that
// (nobody listens, or all is well). Without `credentials` it tells whether TLS is spoken there.
std::optional<std::string> explain_refusal(const std::string& server,
                                           const std::optional<Credentials>& credentials);

}  // namespace hearth::tls
