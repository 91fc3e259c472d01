#include "node_agent/store/hygiene_log.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

namespace hearth::node_agent {
namespace {

using nlohmann::json;

std::optional<HygieneRecord> parse(const std::string& line) {
  const auto object = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::nullopt;
  const auto started = parse_utc_time(object.value("started", ""));
  const auto ended = parse_utc_time(object.value("ended", ""));
  const auto result = object.value("result", "");
  if (!started || !ended || (result != "DONE" && result != "MISSED")) return std::nullopt;
  return HygieneRecord{*started, *ended, Celsius{object.value("coldest_c", 0.0)},
                       result == "DONE" ? HygieneResult::kDone : HygieneResult::kMissed};
}

}  // namespace

template <class Use>
void HygieneLog::each(Use use) const {
  std::ifstream file{path_};
  for (std::string line; std::getline(file, line);) {
    // A line cut off by a power failure is passed over, like one of another version.
    try {
      if (const auto record = parse(line)) use(*record);
    } catch (const json::exception&) {
    }
  }
}

Result<> HygieneLog::append(const HygieneRecord& record) {
  const json object = {{"started", hearth::to_string(record.started)},
                       {"ended", hearth::to_string(record.ended)},
                       {"coldest_c", record.coldest.value},
                       {"result", std::string(to_string(record.result))}};
  std::ofstream file{path_, std::ios::app};
  file << object.dump() << "\n" << std::flush;
  if (file) return {};
  return fail(ErrorCode::kUnavailable, path_ + ": " + std::strerror(errno));
}

std::optional<HygieneRecord> HygieneLog::last() const {
  std::optional<HygieneRecord> found;
  each([&](const HygieneRecord& record) { found = record; });
  return found;
}

std::optional<HygieneHistory> HygieneLog::history() const {
  std::optional<HygieneHistory> found;
  each([&](const HygieneRecord& record) {
    if (record.result != HygieneResult::kDone) return;
    found = HygieneHistory{record.ended, (found ? found->done : 0) + 1};
  });
  return found;
}

}  // namespace hearth::node_agent
