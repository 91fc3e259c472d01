#include "scheduler/runtime/event_loop.h"

#include "common/check.h"
#include "common/log.h"
#include "scheduler/runtime/clock.h"
#include "scheduler/runtime/command_log.h"

namespace hearth::scheduler {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kBatchEntriesMax = 1000;
constexpr std::size_t kBatchBytesMax = 4 << 20;
constexpr std::size_t kEntryBytes = 256;  // a row without its body, roughly
constexpr Duration kTick{200};            // how often waits are polled
constexpr Duration kWallClockPeriod{1000};

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// The bytes belong to the end of a task or of its try only if it is this very attempt that ended.
template <class End>
bool is_result_of(const Event& event, const Fact& fact) {
  const auto* ended = std::get_if<End>(&fact);
  const auto* said = std::get_if<AgentSaid>(&event);
  if (ended == nullptr || said == nullptr) return false;
  const auto* result = std::get_if<protocol::TaskResult>(&said->message);
  return result != nullptr && result->report.attempt == ended->report.attempt;
}

void set_call(Event& event, CallId call) {
  std::visit(
      [call](auto& e) {
        if constexpr (requires { e.call; }) e.call = call;
      },
      event);
}

}  // namespace

StoreCallbacks EventLoop::store_callbacks() {
  return {
      .on_durable = [this](Sequence seq) { post([this, seq] { on_durable(seq); }); },
      .on_failed =
          [this](Error error) { post([this, error = std::move(error)] { on_failed(error); }); }};
}

void EventLoop::start(std::unique_ptr<Scheduler> scheduler, Store& store, AgentStreams& streams,
                      std::function<void(const Error&)> on_failed) {
  post([this, held = std::make_shared<std::unique_ptr<Scheduler>>(std::move(scheduler)), &store,
        &streams, on_failed = std::move(on_failed)] {
    scheduler_ = std::move(*held);
    store_ = &store;
    streams_ = &streams;
    report_failure_ = on_failed;
    durable_ = scheduler_->last_seq();
    tick();
  });
}

void EventLoop::stop_serving(Task done) {
  post([this, done = std::move(done)] {
    stopping_ = true;
    for (const auto& [id, answer] : std::exchange(calls_, {})) {
      answer(fail(ErrorCode::kUnavailable, "the scheduler is stopping: repeat the call"));
    }
    waiting_by_seq_.clear();
    for (const auto& [id, waiting] : std::exchange(waiting_, {})) waiting.waiter(false);
    for (const auto& task : std::exchange(held_back_, {})) task();
    done();
  });
}

void EventLoop::join() {
  worker_stops_ = true;
  worker_.reset();  // finishes what it is at, drops the rest
  post([this] {
    flush();
    deadline_timer_.cancel();
    tick_timer_.cancel();
  });
  thread_.join();
}

void EventLoop::watch(Duration period, Duration patience, Task feed) {
  post([this, period, patience, feed = std::move(feed)]() mutable {
    watch_ = Watch{.period = period, .patience = patience, .feed = std::move(feed)};
    feed_watch();
  });
}

bool EventLoop::is_sound(Duration patience) const {
  return !failed_ && (flights_.empty() || SteadyClock::now() - flights_.front().since < patience);
}

void EventLoop::post(Task task) {
  boost::asio::post(thread_.context(), std::move(task));
}

bool EventLoop::try_post(std::size_t bytes, Task task) {
  if (inbox_bytes_.fetch_add(bytes) + bytes > inbox_limit_) {
    inbox_bytes_ -= bytes;
    return false;
  }
  post([this, bytes, task = std::move(task)] {
    inbox_bytes_ -= bytes;
    task();
  });
  return true;
}

void EventLoop::request(std::size_t bytes, Event event, Answer answer) {
  const auto call = ++last_call_;
  set_call(event, call);
  const auto shared = std::make_shared<Answer>(std::move(answer));
  const auto taken = try_post(bytes, [this, call, event = std::move(event), shared] {
    if (stopping_ || failed_) {
      (*shared)(fail(ErrorCode::kUnavailable, "the scheduler is stopping: repeat the call"));
      return;
    }
    if (!degraded_.empty()) return (*shared)(fail(ErrorCode::kUnavailable, degraded_));
    calls_.emplace(call, std::move(*shared));
    apply(event);
  });
  if (!taken) {
    (*shared)(fail(ErrorCode::kResourceExhausted, "the scheduler's inbox is full: repeat later"));
  }
}

void EventLoop::post_said(SessionId session, std::size_t bytes, std::vector<Said> said,
                          Task taken) {
  inbox_bytes_ += bytes;
  post([this, session, bytes, said = std::move(said), taken = std::move(taken)]() mutable {
    inbox_bytes_ -= bytes;
    if (!streams_->is_open(session)) return;
    for (auto& one : said) {
      apply(AgentSaid{session, std::move(one.message)}, std::move(one.bytes));
    }
    if (backlog_bytes_ + batch_bytes_ < inbox_limit_) {
      taken();
    } else {
      held_back_.push_back(std::move(taken));
    }
  });
}

void EventLoop::apply(const Event& event, ResultBytes bytes) {
  if (failed_ || !degraded_.empty()) return;
  const auto now = monotonic_now();
  if (now - last_wall_clock_ >= kWallClockPeriod) {  // before anything else sees the new time
    last_wall_clock_ = now;
    apply(WallClockRead{utc_now()});
  }
  const auto start = SteadyClock::now();
  auto commands = scheduler_->apply(event, now);
  stats_.apply.observe(seconds_since(start));
  for (auto& command : commands) {
    log_command(command);
    execute(command, event, bytes);
  }
  arm_deadline();
}

void EventLoop::execute(Command& command, const Event& event, ResultBytes& bytes) {
  if (auto* commit = std::get_if<Commit>(&command)) {
    count(commit->fact);
    CommitEntry entry{commit->seq, std::move(commit->fact), {}, {}};
    const bool ends_task = is_result_of<TaskEnded>(event, entry.fact);
    if (ends_task) entry.body = std::move(bytes.body);
    if (ends_task || is_result_of<TaskRequeued>(event, entry.fact)) {
      entry.tails = std::move(bytes.tails);
    }
    batch_bytes_ += kEntryBytes + entry.body.size() + entry.tails.bytes();
    batch_.push_back(std::move(entry));
    if (batch_.size() >= kBatchEntriesMax || batch_bytes_ >= kBatchBytesMax) {
      flush();
    } else if (!std::exchange(flush_posted_, true)) {
      post([this] {  // behind all that is queued by now: one commit for all of it
        flush_posted_ = false;
        flush();
      });
    }
  } else if (auto* send = std::get_if<Send>(&command)) {
    streams_->send(send->session, std::move(send->message));
  } else if (const auto* close = std::get_if<CloseSession>(&command)) {
    streams_->close(close->session, close->error);
  } else if (auto* reply = std::get_if<Reply>(&command)) {
    const auto call = calls_.extract(reply->call);
    if (!call.empty()) call.mapped()(std::move(reply->result));
  } else if (auto* fit = std::get_if<FitModel>(&command)) {
    work(std::move(*fit));
  } else if (auto* forecast = std::get_if<ForecastCapacity>(&command)) {
    work(std::move(*forecast));
  }
}

void EventLoop::work(FitModel order) {
  if (!worker_ || stopping_) return;
  worker_->post([this, order = std::move(order)] {
    if (worker_stops_) return;
    const auto start = SteadyClock::now();
    ModelFitted fitted{order.zone, thermal::best_model(order.history, order.options)};
    log::debug("model_fitted", {{"zone", order.zone}, {"wall_s", seconds_since(start)}});
    post([this, fitted = std::move(fitted)] { apply(fitted); });
  });
}

void EventLoop::work(ForecastCapacity order) {
  if (!worker_ || stopping_) return;
  worker_->post([this, order = std::move(order)] {
    if (worker_stops_) return;
    CapacityForecasted made{forecast_capacity(order.snapshot)};
    post([this, made = std::move(made)] { apply(made); });
  });
}

void EventLoop::flush() {
  if (batch_.empty() || failed_) return;
  flights_.push_back({batch_.back().seq, batch_bytes_, SteadyClock::now()});
  backlog_bytes_ += batch_bytes_;
  batch_bytes_ = 0;
  store_->commit(std::exchange(batch_, {}));
}

void EventLoop::on_durable(Sequence seq) {
  if (failed_ || seq <= durable_) return;
  durable_ = seq;
  while (!flights_.empty() && flights_.front().last <= seq) {
    stats_.commit.observe(seconds_since(flights_.front().since));
    backlog_bytes_ -= flights_.front().bytes;
    flights_.pop_front();
  }
  apply(CommitDurable{seq});
  fire_due_waiters();
  release_held_back();
}

void EventLoop::on_failed(const Error& error) {
  if (std::exchange(failed_, true)) return;
  log::error("commit_failed", {{"error", error.message}, {"durable_seq", durable_}});
  report_failure_(error);
}

void EventLoop::release_held_back() {
  if (backlog_bytes_ + batch_bytes_ >= inbox_limit_) return;
  for (const auto& task : std::exchange(held_back_, {})) task();
}

EventLoop::WaiterId EventLoop::when_durable(Sequence seq, Waiter waiter, Poll poll) {
  if (stopping_ || seq <= durable_) {
    waiter(!stopping_);
    return 0;
  }
  const auto id = ++last_waiter_;
  waiting_.emplace(id, Waiting{seq, std::move(waiter), std::move(poll)});
  waiting_by_seq_.emplace(seq, id);
  return id;
}

void EventLoop::wake(WaiterId id) {
  const auto waiting = waiting_.extract(id);
  if (!waiting.empty()) waiting.mapped().waiter(false);
}

void EventLoop::fire_due_waiters() {
  while (!waiting_by_seq_.empty() && waiting_by_seq_.begin()->first <= durable_) {
    const auto id = waiting_by_seq_.begin()->second;
    waiting_by_seq_.erase(waiting_by_seq_.begin());
    const auto waiting = waiting_.extract(id);
    if (!waiting.empty()) waiting.mapped().waiter(true);
  }
}

void EventLoop::arm_deadline() {
  const auto deadline = scheduler_->next_deadline();
  if (deadline == armed_) return;
  armed_ = deadline;
  if (!deadline) {
    deadline_timer_.cancel();
    return;
  }
  deadline_timer_.expires_at(SteadyClock::time_point{deadline->time_since_epoch()});
  deadline_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    armed_.reset();
    apply(TimePassed{});
  });
}

// Reads the wall clock and polls the waits; apply() reads the clock before the event it got.
void EventLoop::tick() {
  if (!failed_ && monotonic_now() - last_wall_clock_ >= kWallClockPeriod) {
    last_wall_clock_ = monotonic_now();
    apply(WallClockRead{utc_now()});
  }
  std::vector<WaiterId> due;
  for (const auto& [id, waiting] : waiting_) {
    if (waiting.poll && waiting.poll()) due.push_back(id);
  }
  for (const auto id : due) wake(id);
  feed_watch();
  // Waits that ended otherwise leave their entry here; drop those of the past as they come up.
  std::erase_if(waiting_by_seq_,
                [&](const auto& entry) { return !waiting_.contains(entry.second); });
  tick_timer_.expires_after(kTick);
  tick_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) tick();
  });
}

void EventLoop::feed_watch() {
  const auto now = SteadyClock::now();
  if (!watch_ || now < watch_->due) return;
  const bool starves = !is_sound(watch_->patience);
  if (starves && !watch_->starves) log::error("watchdog_starves", {{"durable_seq", durable_}});
  watch_->starves = starves;
  if (starves) return;
  watch_->due = now + watch_->period;
  watch_->feed();
}

void EventLoop::count(const Fact& fact) {
  if (std::holds_alternative<JobAccepted>(fact)) ++stats_.jobs_accepted;
  if (const auto* job = std::get_if<JobEnded>(&fact)) ++stats_.jobs_ended[job->state];
  if (const auto* task = std::get_if<TaskEnded>(&fact)) ++stats_.tasks_ended[task->state];
}

LoopStats EventLoop::stats() const {
  auto stats = stats_;
  stats.inbox_bytes = inbox_bytes_;
  stats.backlog_bytes = backlog_bytes_ + batch_bytes_;
  stats.last_seq = scheduler_->last_seq();
  stats.durable_seq = durable_;
  stats.degraded = !degraded_.empty();
  return stats;
}

}  // namespace hearth::scheduler
