// Runs the core in real time: the one thread that owns all mutable state.
//
// Any thread may call the methods of the first group; they never block. The second group belongs to
// the loop's own thread. Nothing is locked here: what others want done arrives through the queue.
//
// Model fits and capacity forecasts run on a worker as pure functions of what the core sent along,
// and come back as events.
//
// Events queued together are applied together and written as one commit. What callers send is
// counted in bytes from arrival until it is applied (unary calls are refused beyond the limit), and
// results until they are durable (streams read no further meanwhile): that is the back-pressure.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/io_pool.h"
#include "scheduler/core/histogram.h"
#include "scheduler/core/scheduler.h"
#include "scheduler/runtime/io_thread.h"
#include "scheduler/store/store.h"

namespace hearth::scheduler {

// The agents' streams as the loop sees them; called on the loop's thread. An unknown session is one
// that just ended: nothing happens.
class AgentStreams {
 public:
  virtual ~AgentStreams() = default;
  virtual void send(SessionId session, protocol::SchedulerMessage message) = 0;
  virtual void close(SessionId session, const Error& error) = 0;
  // What an ended session still says is dropped.
  [[nodiscard]] virtual bool is_open(SessionId session) const = 0;
};

// What travels beside a TaskResult.
struct ResultBytes {
  std::string body;
  protocol::OutputTails tails;
};

// What an agent said, with the bytes that travel beside it.
struct Said {
  protocol::AgentMessage message;
  ResultBytes bytes;
};

struct LoopStats {
  DurationHistogram apply;   // one event each
  DurationHistogram commit;  // from hand-over to durable
  std::size_t inbox_bytes = 0;
  std::size_t backlog_bytes = 0;  // handed to the store, not yet durable
  Sequence last_seq = 0;
  Sequence durable_seq = 0;
  bool degraded = false;
  // Since the start.
  std::uint64_t jobs_accepted = 0;
  std::map<JobState, std::uint64_t> jobs_ended;
  std::map<protocol::TaskState, std::uint64_t> tasks_ended;
};

class EventLoop {
 public:
  using Task = std::function<void()>;
  using Answer = std::function<void(Result<JobReply>)>;
  // True once durable; false where the wait ended otherwise.
  using Waiter = std::function<void(bool durable)>;
  // Asked a few times a second whether to end a wait early.
  using Poll = std::function<bool()>;
  using WaiterId = std::uint64_t;

  // `inbox_bytes`: the limit described above.
  explicit EventLoop(std::size_t inbox_bytes) : inbox_limit_(inbox_bytes) {}

  // Before start(): nothing is ever applied, so that what was loaded is what everybody sees; calls
  // that would change something get kUnavailable with `why`. For a store that takes no commits.
  void degrade(std::string why) { degraded_ = std::move(why); }

  // Why nothing can be changed; empty where all is well. Any thread, after start().
  [[nodiscard]] const std::string& degraded() const { return degraded_; }

  // For the store that start() gets.
  StoreCallbacks store_callbacks();

  // From here on events are applied. `on_failed` is called at most once, on the loop's thread, when
  // a commit failed; nothing is applied after it.
  void start(std::unique_ptr<Scheduler> scheduler, Store& store, AgentStreams& streams,
             std::function<void(const Error&)> on_failed);

  // Refuses new calls and answers the waiting ones with kUnavailable; then runs `done`.
  void stop_serving(Task done);

  // Applies what is queued, hands the last batch to the store, ends the thread.
  void join();

  // From here on calls `feed` every `period` while is_sound(patience), on the loop's thread: so not
  // while the loop hangs either.
  void watch(Duration period, Duration patience, Task feed);

  // ---- any thread

  // Runs `task` on the loop's thread.
  void post(Task task);

  // The same, counted; false and nothing done when over the limit or stopping.
  [[nodiscard]] bool try_post(std::size_t bytes, Task task);

  // Applies `event` (one with a `call`) and hands the core's reply to `answer`, on the loop's
  // thread, exactly once. At once with kResourceExhausted or kUnavailable when not taken.
  void request(std::size_t bytes, Event event, Answer answer);

  // Applies these messages in order, then runs `taken`: only then should the stream be read on.
  void post_said(SessionId session, std::size_t bytes, std::vector<Said> said, Task taken);

  // ---- the loop's thread

  [[nodiscard]] const Scheduler& scheduler() const { return *scheduler_; }
  void apply(const Event& event, ResultBytes bytes = {});

  // Runs `waiter` once everything up to `seq` is durable (at once if it is), or when `poll` says
  // so, or on wake() or stop_serving(). 0: it ran already.
  WaiterId when_durable(Sequence seq, Waiter waiter, Poll poll = {});
  void wake(WaiterId id);

  [[nodiscard]] Sequence durable_seq() const { return durable_; }
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] bool serving() const { return !stopping_ && !failed_; }
  // Whether commits succeed: none has failed, none is under way for as long as `patience`.
  [[nodiscard]] bool is_sound(Duration patience) const;
  [[nodiscard]] LoopStats stats() const;

 private:
  struct Waiting {
    Sequence seq = 0;
    Waiter waiter;
    Poll poll;
  };
  struct Flight {  // a batch on its way to the disk
    Sequence last = 0;
    std::size_t bytes = 0;
    std::chrono::steady_clock::time_point since;
  };

  struct Watch {
    Duration period{};
    Duration patience{};
    Task feed;
    std::chrono::steady_clock::time_point due{};
    bool starves = false;
  };

  void execute(Command& command, const Event& event, ResultBytes& bytes);
  void work(FitModel order);
  void work(ForecastCapacity order);
  void count(const Fact& fact);
  void flush();
  void on_durable(Sequence seq);
  void on_failed(const Error& error);
  void release_held_back();
  void fire_due_waiters();
  void arm_deadline();
  void tick();
  void feed_watch();

  const std::size_t inbox_limit_;
  std::string degraded_;
  std::atomic<std::size_t> inbox_bytes_{0};
  std::atomic<CallId> last_call_{0};
  std::atomic<bool> worker_stops_{false};

  std::unique_ptr<Scheduler> scheduler_;
  Store* store_ = nullptr;
  AgentStreams* streams_ = nullptr;
  std::function<void(const Error&)> report_failure_;
  bool stopping_ = false;
  bool failed_ = false;

  std::vector<CommitEntry> batch_;
  std::size_t batch_bytes_ = 0;
  bool flush_posted_ = false;
  std::deque<Flight> flights_;
  std::size_t backlog_bytes_ = 0;
  Sequence durable_ = 0;
  std::deque<Task> held_back_;  // streams that may read on when the backlog has shrunk

  std::map<CallId, Answer> calls_;
  std::map<WaiterId, Waiting> waiting_;
  std::multimap<Sequence, WaiterId> waiting_by_seq_;
  WaiterId last_waiter_ = 0;

  LoopStats stats_;
  std::optional<Watch> watch_;
  TimePoint last_wall_clock_{};
  std::optional<TimePoint> armed_;
  IoThread thread_;  // last: ends before what its handlers use
  boost::asio::steady_timer deadline_timer_{thread_.context()};
  boost::asio::steady_timer tick_timer_{thread_.context()};
  std::unique_ptr<IoPool> worker_ = std::make_unique<IoPool>(1);  // fits and forecasts
};

}  // namespace hearth::scheduler
