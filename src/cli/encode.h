// Base64 (RFC 4648), for bytes in JSON.
#pragma once

#include <string>
#include <string_view>

namespace hearth::cli {

std::string base64(std::string_view bytes);

}  // namespace hearth::cli
