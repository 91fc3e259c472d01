// The audit of hygiene lifts: STATE/hygiene.log, one JSON object a line, only ever appended to.
//
// {"started":"2026-11-02T01:10:00Z","ended":"...","coldest_c":60.0,"result":"DONE"}; an inspector
// reads it as it is. Blocking; made for one thread.
#pragma once

#include <optional>
#include <string>

#include "common/result.h"
#include "node_agent/core/hygiene.h"

namespace hearth::node_agent {

class HygieneLog {
 public:
  explicit HygieneLog(const std::string& state_directory)
      : path_(state_directory + "/hygiene.log") {}

  Result<> append(const HygieneRecord& record);

  // The last line that can be read; nothing where there is none.
  std::optional<HygieneRecord> last() const;

  // The last lift that was done, and how many there were.
  std::optional<HygieneHistory> history() const;

 private:
  template <class Use>
  void each(Use use) const;

  std::string path_;
};

}  // namespace hearth::node_agent
