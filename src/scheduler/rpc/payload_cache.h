// The payload pages used last, up to a number of bytes. One thread owns it.
#pragma once

#include <list>
#include <map>

#include "scheduler/store/store.h"

namespace hearth::scheduler {

class PayloadCache {
 public:
  explicit PayloadCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // The task's payload, or null: not here. Valid until the next put().
  const std::string* find(TaskId task);

  void put(JobId job, StoreReader::PayloadPage page);

 private:
  struct Entry {
    TaskId first;
    std::vector<std::string> payloads;
    std::size_t bytes = 0;
  };

  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_;  // used last in front
  std::map<TaskId, std::list<Entry>::iterator> by_first_;
};

}  // namespace hearth::scheduler
