// A page of payloads as one blob: for each, its length (four bytes, little-endian) and its bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace hearth::scheduler {

std::string pack_payloads(const std::vector<std::string>& payloads);

// kInternal: the page is damaged.
Result<std::vector<std::string>> unpack_payloads(std::string_view page);

}  // namespace hearth::scheduler
