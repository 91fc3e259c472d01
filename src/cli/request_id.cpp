#include "cli/request_id.h"

#include <array>
#include <cstdio>
#include <random>

namespace hearth::cli {

std::string random_request_id() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 4; ++i) {
    std::array<char, 9> word{};
    std::snprintf(word.data(), word.size(), "%08x", device());
    id += word.data();
  }
  return id;
}

UtcTime utc_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

}  // namespace hearth::cli
