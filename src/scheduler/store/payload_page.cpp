#include "scheduler/store/payload_page.h"

#include <cstdint>

namespace hearth::scheduler {
namespace {

constexpr std::size_t kLengthBytes = 4;

}  // namespace

std::string pack_payloads(const std::vector<std::string>& payloads) {
  std::string page;
  for (const auto& payload : payloads) {
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
      page += static_cast<char>((payload.size() >> (8 * i)) & 0xff);
    }
    page += payload;
  }
  return page;
}

Result<std::vector<std::string>> unpack_payloads(std::string_view page) {
  std::vector<std::string> payloads;
  while (!page.empty()) {
    std::size_t length = 0;
    if (page.size() < kLengthBytes) return fail(ErrorCode::kInternal, "damaged page of payloads");
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
      length |= static_cast<std::size_t>(static_cast<unsigned char>(page[i])) << (8 * i);
    }
    page.remove_prefix(kLengthBytes);
    if (page.size() < length) return fail(ErrorCode::kInternal, "damaged page of payloads");
    payloads.emplace_back(page.substr(0, length));
    page.remove_prefix(length);
  }
  return payloads;
}

}  // namespace hearth::scheduler
