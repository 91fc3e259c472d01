#include "scheduler/rpc/payload_cache.h"

namespace hearth::scheduler {

const std::string* PayloadCache::find(TaskId task) {
  auto found = by_first_.upper_bound(task);
  if (found == by_first_.begin()) return nullptr;
  const auto entry = std::prev(found)->second;
  const auto offset = task.index - entry->first.index;
  if (entry->first.job != task.job || offset >= entry->payloads.size()) return nullptr;
  entries_.splice(entries_.begin(), entries_, entry);
  return &entry->payloads[offset];
}

void PayloadCache::put(JobId job, StoreReader::PayloadPage page) {
  const TaskId first{job, page.first};
  if (by_first_.contains(first)) return;
  std::size_t bytes = 0;
  for (const auto& payload : page.payloads) bytes += payload.size() + sizeof payload;
  entries_.push_front({first, std::move(page.payloads), bytes});
  by_first_[first] = entries_.begin();
  bytes_ += bytes;
  while (bytes_ > bytes_max_ && entries_.size() > 1) {
    bytes_ -= entries_.back().bytes;
    by_first_.erase(entries_.back().first);
    entries_.pop_back();
  }
}

}  // namespace hearth::scheduler
