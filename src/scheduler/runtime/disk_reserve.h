// Disk space held for a bad day: a file beside the state that is given back when the disk is full,
// so that what stops then can stop cleanly and what starts can start.
//
// Nothing is ever read from the file. Each object belongs to one thread at a time.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "common/result.h"
#include "common/time.h"
#include "scheduler/runtime/io_thread.h"

namespace hearth::scheduler {

class DiskReserve {
 public:
  DiskReserve(std::string path, std::uint64_t bytes) : path_(std::move(path)), bytes_(bytes) {}

  // Holds `bytes` of the disk, which it makes sure has as much again: whoever begins to write must
  // not meet the end at once. kResourceExhausted: there is no such room, and nothing is held.
  // kUnavailable: the file cannot be had.
  [[nodiscard]] Result<> take() const;

  // Gives the space back. Does nothing where there is none.
  void release() const;

 private:
  std::string path_;
  std::uint64_t bytes_;
};

// Tries to take the reserve now and then, on a thread of its own, until that succeeds.
class RoomWatch {
 public:
  // `on_room` is called once, on our thread.
  RoomWatch(DiskReserve reserve, std::function<void()> on_room);
  ~RoomWatch() { thread_.join(); }

 private:
  void wait();

  const DiskReserve reserve_;
  const std::function<void()> on_room_;
  IoThread thread_;
  boost::asio::steady_timer timer_{thread_.context()};
};

}  // namespace hearth::scheduler
