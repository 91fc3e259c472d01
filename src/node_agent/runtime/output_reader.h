// Reads what tasks print, while they run and when they end, for results and for those who follow.
//
// Questions that nothing answers yet wait here, at most 64; the files are looked at again ten times
// a second as long as any does. An attempt that is being followed keeps its files open for half a
// minute after the last question, so that its end is read although its directory goes. Lives on the
// loop's thread; reads are of at most 64 KiB and of pages just written.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "node_agent/runner/descriptor.h"
#include "node_agent/runner/task_directory.h"
#include "protocol/job.h"
#include "protocol/output.h"

namespace hearth::node_agent {

// How much of each stream goes with a result. Attempts that we stopped for reasons of our own count
// as those that succeeded: nothing went wrong in them.
struct OutputTailLimits {
  std::size_t failed_bytes = 8 * 1024;
  std::size_t succeeded_bytes = 1024;
};

// The end of what the attempt printed; empty where it printed nothing.
protocol::OutputTails read_tails(const runner::TaskPaths& paths, protocol::FailureClass failure,
                                 const OutputTailLimits& limits);

class OutputReader {
 public:
  using DirectoryOf = std::function<std::string(AttemptId)>;
  using Answer = std::function<void(const protocol::OutputRead&)>;

  OutputReader(boost::asio::io_context& io, DirectoryOf directory_of, Answer answer);

  // Answered exactly once, perhaps from inside, unless drop_questions() comes first.
  void ask(const protocol::ReadOutput& question);

  // Nothing more will be printed and the directory is about to go.
  void on_ended(AttemptId attempt);

  // Whoever asked is gone.
  void drop_questions() { waiting_.clear(); }

  std::size_t waiting() const { return waiting_.size(); }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  struct Followed {
    runner::Descriptor files[2];  // by OutputStream; none until the first byte is there
    bool ended = false;
    SteadyTime asked_at;
  };
  struct Question {
    protocol::ReadOutput order;
    SteadyTime until;
  };

  Followed* follow(AttemptId attempt);
  void open_files(AttemptId attempt, Followed& followed) const;
  bool try_answer(const Question& question, bool at_once);
  void look();
  void arm();
  void forget_idle();

  DirectoryOf directory_of_;
  Answer answer_;
  boost::asio::steady_timer timer_;
  bool armed_ = false;
  bool armed_to_look_ = false;  // soon, not just to tidy up
  std::map<AttemptId, Followed> followed_;
  std::deque<Question> waiting_;
};

}  // namespace hearth::node_agent
