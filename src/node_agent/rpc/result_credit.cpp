#include "node_agent/rpc/result_credit.h"

namespace hearth::node_agent {

void ResultCredit::reset(std::uint64_t credit_bytes) {
  *this = ResultCredit{};
  credit_bytes_ = credit_bytes;
}

std::optional<std::string> ResultCredit::take(const Load& load) {
  while (!waiting_.empty()) {
    const auto attempt = waiting_.front();
    if (bytes_on_the_way_ > 0 && bytes_on_the_way_ >= credit_bytes_) return std::nullopt;
    if (on_the_way_.contains(attempt)) {  // offered twice
      waiting_.pop_front();
      continue;
    }
    if (!loaded_) loaded_ = load(attempt);
    if (loaded_ && bytes_on_the_way_ > 0 && bytes_on_the_way_ + loaded_->size() > credit_bytes_) {
      return std::nullopt;
    }
    waiting_.pop_front();
    if (!loaded_) continue;
    on_the_way_[attempt] = loaded_->size();
    bytes_on_the_way_ += loaded_->size();
    return std::exchange(loaded_, std::nullopt);
  }
  return std::nullopt;
}

void ResultCredit::acknowledged(AttemptId attempt) {
  // Acknowledged while it waited (nobody wants it any more): what was loaded is stale.
  if (loaded_ && !waiting_.empty() && waiting_.front() == attempt) loaded_.reset();
  const auto found = on_the_way_.find(attempt);
  if (found == on_the_way_.end()) return;
  bytes_on_the_way_ -= found->second;
  on_the_way_.erase(found);
}

}  // namespace hearth::node_agent
