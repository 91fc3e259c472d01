// What a task prints, kept in a file of bounded size: the beginning and the end.
//
// The first three quarters of the limit go straight to the file; of what follows the last quarter
// is held in memory and written when the output ends, after a line that says how much was cut.
// The file is made with the first byte: a silent task has none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "node_agent/runner/descriptor.h"

namespace hearth::node_agent::runner {

class Capture {
 public:
  Capture(std::string path, std::size_t bytes_max);

  // The pipe's end for the task; valid until close_writer(). -1 if there are no descriptors left.
  int writer() const { return writer_.get(); }
  void close_writer() { writer_.reset(); }
  // To poll for reading; -1 once the output has ended.
  int reader() const { return reader_.get(); }

  // Takes in what is there without waiting.
  void read_available();

  // Takes in the rest without waiting, and completes the file.
  void finish();

  // The last line that is not blank, printable and at most `bytes_max` long.
  std::string last_line(std::size_t bytes_max) const;

 private:
  void take(std::string_view bytes);
  void write(std::string_view bytes);

  std::string path_;
  std::size_t head_max_;
  std::size_t tail_max_;
  std::size_t head_bytes_ = 0;
  std::uint64_t total_bytes_ = 0;
  std::string tail_;    // may grow to twice tail_max_ before its beginning is dropped
  std::string recent_;  // the last bytes of the head, for last_line()
  Descriptor reader_;
  Descriptor writer_;
  Descriptor file_;
};

}  // namespace hearth::node_agent::runner
