// What a task prints: the end of it, which travels with its result, and pieces of it while it runs.
//
// Bytes as they are, no text. They travel beside what the cores say and hear, and never enter one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/ids.h"
#include "common/time.h"

namespace hearth::protocol {

enum class OutputStream { kStdout, kStderr };

inline constexpr std::size_t kOutputTailBytesMax = 64 * 1024;  // of a stream, in a result
inline constexpr std::size_t kOutputPieceBytesMax = 64 * 1024;

// The end of one stream.
struct OutputTail {
  std::string data;
  std::uint64_t size_bytes = 0;  // of all that was kept on the node; `data` is its end

  friend bool operator==(const OutputTail&, const OutputTail&) = default;
};

struct OutputTails {
  OutputTail standard_output;
  OutputTail standard_error;

  bool empty() const { return standard_output.size_bytes == 0 && standard_error.size_bytes == 0; }
  std::size_t bytes() const { return standard_output.data.size() + standard_error.data.size(); }
  const OutputTail& of(OutputStream stream) const {
    return stream == OutputStream::kStdout ? standard_output : standard_error;
  }

  friend bool operator==(const OutputTails&, const OutputTails&) = default;
};

// Scheduler -> agent: asks for what an attempt has printed. Answered by one OutputRead: at once
// where there is something from `offset` on, else when there is, when the attempt ends or when
// `wait` is over.
struct ReadOutput {
  std::uint64_t request = 0;
  AttemptId attempt;
  OutputStream stream = OutputStream::kStdout;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> tail_bytes;  // skip what is further than that from the end
  std::size_t bytes_max = kOutputPieceBytesMax;
  Duration wait{};

  friend bool operator==(const ReadOutput&, const ReadOutput&) = default;
};

// Agent -> scheduler.
struct OutputRead {
  std::uint64_t request = 0;
  std::uint64_t offset = 0;  // of `data`
  std::string data;
  std::uint64_t size_bytes = 0;  // of all that is there
  bool ended = false;            // nothing comes behind `data`
  bool unknown = false;          // the attempt is not here, or no more

  friend bool operator==(const OutputRead&, const OutputRead&) = default;
};

}  // namespace hearth::protocol
