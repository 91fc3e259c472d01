// Who uploaded what since our start, for artifacts that no job refers to yet. May be called from
// any thread. What it forgets (a restart, over the limit) is uploaded once more: it was "missing".
#pragma once

#include <mutex>
#include <set>
#include <string>

namespace hearth::scheduler {

class UploadOwners {
 public:
  void add(const std::string& tenant, const std::string& digest) {
    const std::lock_guard lock{mutex_};
    if (owned_.size() >= kMax) owned_.clear();
    owned_.emplace(tenant, digest);
  }

  [[nodiscard]] bool has(const std::string& tenant, const std::string& digest) const {
    const std::lock_guard lock{mutex_};
    return owned_.contains({tenant, digest});
  }

 private:
  static constexpr std::size_t kMax = 500'000;  // about 100 MB

  mutable std::mutex mutex_;
  std::set<std::pair<std::string, std::string>> owned_;
};

}  // namespace hearth::scheduler
