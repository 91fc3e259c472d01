// How many bytes of results may be on the way to the scheduler, unacknowledged.
//
// Results wait here in the order offered; one that is larger than the whole credit goes alone.
// A plain value; knows nothing of streams.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "common/ids.h"

namespace hearth::node_agent {

class ResultCredit {
 public:
  using Load = std::function<std::optional<std::string>(AttemptId)>;

  // A new stream: nothing waits, nothing is on the way.
  void reset(std::uint64_t credit_bytes);

  void offer(AttemptId attempt) { waiting_.push_back(attempt); }

  // The next result that may go now, which then counts as on the way. Those that `load` finds no
  // more are skipped.
  std::optional<std::string> take(const Load& load);

  void acknowledged(AttemptId attempt);

  std::uint64_t bytes_on_the_way() const { return bytes_on_the_way_; }

 private:
  std::uint64_t credit_bytes_ = 0;
  std::uint64_t bytes_on_the_way_ = 0;
  std::deque<AttemptId> waiting_;
  std::map<AttemptId, std::uint64_t> on_the_way_;
  std::optional<std::string> loaded_;  // the first that waits, where it had to be held back
};

}  // namespace hearth::node_agent
