#include "node_agent/runtime/output_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace hearth::node_agent {
namespace {

using protocol::FailureClass;
using protocol::OutputRead;
using protocol::OutputStream;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kQuestionsMax = 64;
constexpr std::size_t kFollowedMax = 64;
constexpr std::chrono::milliseconds kLookPeriod{100};
constexpr std::chrono::seconds kKeptOpen{30};

runner::Descriptor open_file(const std::string& path) {
  return runner::Descriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
}

std::uint64_t size_of(const runner::Descriptor& file) {
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return 0;
  return static_cast<std::uint64_t>(info.st_size);
}

std::string read_piece(const runner::Descriptor& file, std::uint64_t offset, std::size_t bytes) {
  std::string data(bytes, '\0');
  std::size_t got = 0;
  while (got < bytes) {
    const auto count =
        ::pread(file.get(), data.data() + got, bytes - got, static_cast<off_t>(offset + got));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    got += static_cast<std::size_t>(count);
  }
  data.resize(got);
  return data;
}

protocol::OutputTail read_tail(const std::string& path, std::size_t bytes_max) {
  const auto file = open_file(path);
  protocol::OutputTail tail;
  tail.size_bytes = size_of(file);
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(tail.size_bytes, bytes_max));
  if (bytes > 0) tail.data = read_piece(file, tail.size_bytes - bytes, bytes);
  return tail;
}

bool is_failure(FailureClass failure) {
  return failure != FailureClass::kNone && failure != FailureClass::kHeat &&
         failure != FailureClass::kDrained;
}

}  // namespace

protocol::OutputTails read_tails(const runner::TaskPaths& paths, FailureClass failure,
                                 const OutputTailLimits& limits) {
  const auto bytes = is_failure(failure) ? limits.failed_bytes : limits.succeeded_bytes;
  if (bytes == 0) return {};
  return {read_tail(paths.standard_output, bytes), read_tail(paths.standard_error, bytes)};
}

OutputReader::OutputReader(boost::asio::io_context& io, DirectoryOf directory_of, Answer answer)
    : directory_of_(std::move(directory_of)), answer_(std::move(answer)), timer_(io) {}

void OutputReader::ask(const protocol::ReadOutput& question) {
  auto* followed = follow(question.attempt);
  if (followed == nullptr) {
    OutputRead none;
    none.request = question.request;
    none.unknown = true;
    return answer_(none);
  }
  followed->asked_at = SteadyClock::now();
  const Question asked{question, SteadyClock::now() + question.wait};
  if (try_answer(asked, question.wait <= Duration::zero())) return;
  waiting_.push_back(asked);
  if (waiting_.size() > kQuestionsMax) {
    const auto oldest = std::move(waiting_.front());
    waiting_.pop_front();
    try_answer(oldest, true);
  }
  arm();
}

void OutputReader::on_ended(AttemptId attempt) {
  const auto found = followed_.find(attempt);
  if (found == followed_.end()) return;
  open_files(attempt, found->second);
  found->second.ended = true;
  look();
}

// Nothing where the attempt has no directory here.
OutputReader::Followed* OutputReader::follow(AttemptId attempt) {
  if (const auto found = followed_.find(attempt); found != followed_.end()) return &found->second;
  struct stat info {};
  if (::stat(directory_of_(attempt).c_str(), &info) != 0) return nullptr;
  if (followed_.size() >= kFollowedMax) {
    followed_.erase(std::min_element(
        followed_.begin(), followed_.end(),
        [](const auto& a, const auto& b) { return a.second.asked_at < b.second.asked_at; }));
  }
  arm();
  return &followed_[attempt];
}

void OutputReader::open_files(AttemptId attempt, Followed& followed) const {
  const runner::TaskPaths paths{directory_of_(attempt)};
  if (!followed.files[0]) followed.files[0] = open_file(paths.standard_output);
  if (!followed.files[1]) followed.files[1] = open_file(paths.standard_error);
}

// `at_once`: an empty answer is one, too.
bool OutputReader::try_answer(const Question& question, bool at_once) {
  const auto& order = question.order;
  OutputRead read;
  read.request = order.request;
  const auto found = followed_.find(order.attempt);
  if (found == followed_.end()) {
    read.unknown = true;
    answer_(read);
    return true;
  }
  auto& followed = found->second;
  if (!followed.ended) open_files(order.attempt, followed);
  const auto& file = followed.files[order.stream == OutputStream::kStdout ? 0 : 1];
  read.size_bytes = size_of(file);
  read.offset = std::min(order.offset, read.size_bytes);
  if (order.tail_bytes && read.size_bytes - read.offset > *order.tail_bytes) {
    read.offset = read.size_bytes - *order.tail_bytes;
  }
  const auto bytes = std::min<std::uint64_t>(read.size_bytes - read.offset, order.bytes_max);
  if (bytes > 0) read.data = read_piece(file, read.offset, static_cast<std::size_t>(bytes));
  read.ended = followed.ended && read.offset + read.data.size() >= read.size_bytes;
  if (read.data.empty() && !read.ended && !at_once) return false;
  answer_(read);
  return true;
}

void OutputReader::look() {
  const auto now = SteadyClock::now();
  auto asked = std::exchange(waiting_, {});
  for (auto& question : asked) {
    if (!try_answer(question, now >= question.until)) waiting_.push_back(std::move(question));
  }
}

void OutputReader::arm() {
  if (armed_ && (armed_to_look_ || waiting_.empty())) return;
  armed_ = true;
  armed_to_look_ = !waiting_.empty();
  timer_.expires_after(armed_to_look_ ? kLookPeriod : std::chrono::milliseconds{kKeptOpen});
  timer_.async_wait([this](const boost::system::error_code& stopped) {
    if (stopped) return;
    armed_ = false;
    look();
    forget_idle();
    if (!waiting_.empty() || !followed_.empty()) arm();
  });
}

void OutputReader::forget_idle() {
  for (const auto& question : waiting_) {
    const auto found = followed_.find(question.order.attempt);
    if (found != followed_.end()) found->second.asked_at = SteadyClock::now();
  }
  const auto idle_since = SteadyClock::now() - kKeptOpen;
  std::erase_if(followed_, [&](const auto& item) { return item.second.asked_at < idle_since; });
}

}  // namespace hearth::node_agent
