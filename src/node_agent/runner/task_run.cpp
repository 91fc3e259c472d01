#include "node_agent/runner/task_run.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "node_agent/runner/launch.h"
#include "node_agent/runner/process_tree.h"
#include "node_agent/runner/spec_json.h"

namespace hearth::node_agent::runner {
namespace {

using protocol::FailureClass;
using std::chrono::duration_cast;

constexpr Duration kWatchPeriod{500};
constexpr Duration kMemoryWatchPeriod{100};
constexpr Duration kMemoryWatchPeriodClose{20};  // above four fifths of the limit
constexpr Duration kKillPeriod{20};
constexpr Duration kLimitGrace{2'000};  // SIGTERM to SIGKILL at the time limit
constexpr std::size_t kMessageBytesMax = 200;

UtcTime utc_now() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

int null_device() {
  static const int device = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  return device;
}

}  // namespace

TaskRun::TaskRun(StartOrder order, const TaskOptions& options, SteadyTime now)
    : order_(std::move(order)),
      paths_(order_.directory),
      options_(options),
      output_(paths_.standard_output, options.output_bytes_max),
      error_(paths_.standard_error, options.output_bytes_max),
      cycle_start_(now),
      accounted_until_(now),
      next_watch_(now + kMemoryWatchPeriod),
      act_at_(now) {
  report_.attempt = order_.attempt;
  report_.task = order_.task;
  begin(options, now);
}

void TaskRun::begin(const TaskOptions& options, SteadyTime now) {
  if (output_.writer() < 0 || error_.writer() < 0 || null_device() < 0) {
    return end_unstarted({ErrorCode::kInternal, "no file descriptors left"},
                         FailureClass::kAgentError);
  }
  auto linked = create_task_directory(order_, options.user);
  if (!linked) {
    return end_unstarted(linked.error(), linked.error().code == ErrorCode::kNotFound
                                             ? FailureClass::kInputMissing
                                             : FailureClass::kAgentError);
  }
  linked_ = std::move(*linked);
  auto task = describe_launch(order_);
  task.standard_input = null_device();
  task.standard_output = output_.writer();
  task.standard_error = error_.writer();
  task.user = options.user;
  const auto process = launch(task);
  if (!process) {
    return end_unstarted(process.error(), process.error().code == ErrorCode::kInternal
                                              ? FailureClass::kAgentError
                                              : FailureClass::kUserError);
  }
  main_ = *process;
  output_.close_writer();
  error_.close_writer();
  report_.started_at = utc_now();
  accounted_until_ = now;
}

void TaskRun::end_unstarted(const Error& error, FailureClass failure) {
  report_.failure = failure;
  report_.message = error.message;
  report_.finished_at = utc_now();
  phase_ = Phase::kFinished;
  write_status();
}

void TaskRun::on_output() {
  output_.read_available();
  error_.read_available();
}

void TaskRun::on_children_changed(SteadyTime now) {
  if (finished()) return;
  for (;;) {
    int status = 0;
    rusage used{};
    const pid_t process = ::wait4(-1, &status, WNOHANG | __WALL, &used);
    if (process > 0) {
      reap(process, status, used);
    } else if (process < 0 && errno == ECHILD) {
      return finish(now);
    } else if (process == 0) {
      break;
    }
  }
  if (main_status_ && phase_ == Phase::kRunning) terminate(options_.leftover_grace, now);
}

void TaskRun::reap(pid_t process, int status, const rusage& used) {
  reaped_cpu_s_ += seconds(used.ru_utime) + seconds(used.ru_stime);
  report_.usage.peak_memory_bytes =
      std::max(report_.usage.peak_memory_bytes, static_cast<std::uint64_t>(used.ru_maxrss) * 1024);
  if (process == main_) main_status_ = status;
}

void TaskRun::on_time(SteadyTime now) {
  if (finished()) return;
  if (phase_ == Phase::kRunning) {
    update_frozen(now);
    account(now);
    if (const auto limit = order_.spec.maximum_run_time;
        limit > Duration::zero() && nominal_ >= limit) {
      stop(FailureClass::kTimeLimit, "ran longer than its limit of " + to_string(limit),
           kLimitGrace, now);
    }
  }
  if (now >= next_watch_) watch(now);
  if (phase_ == Phase::kTerminating && now >= act_at_) phase_ = Phase::kKilling;
  if (phase_ == Phase::kKilling && now >= act_at_) kill_all(now);
}

SteadyTime TaskRun::next_deadline() const {
  SteadyTime next = next_watch_;
  if (phase_ != Phase::kRunning) return std::min(next, act_at_);
  if (!frozen_ && order_.spec.maximum_run_time > Duration::zero()) {
    next = std::min(next, accounted_until_ + (order_.spec.maximum_run_time - nominal_));
  }
  if (!held_ && permille_ > 0 && permille_ < 1000) {
    const auto period = std::chrono::nanoseconds{options_.freeze_period};
    const auto running = period * permille_ / 1000;
    const auto cycles = (accounted_until_ - cycle_start_) / period;
    const auto start = cycle_start_ + cycles * period;
    next = std::min(next, start + (accounted_until_ - start < running ? running : period));
  }
  return next;
}

void TaskRun::stop(FailureClass failure, std::string message, Duration grace, SteadyTime now) {
  if (finished() || stopped_ || main_status_) return;
  stopped_ = true;
  report_.failure = failure;
  report_.message = std::move(message);
  terminate(grace, now);
}

void TaskRun::set_speed(int permille, SteadyTime now) {
  account(now);
  permille_ = std::clamp(permille, 0, 1000);
  cycle_start_ = now;
  update_frozen(now);
}

void TaskRun::hold(bool held, SteadyTime now) {
  held_ = held;
  update_frozen(now);
}

Usage TaskRun::usage() const {
  return {order_.attempt, reaped_cpu_s_ + live_cpu_s_, memory_bytes_, frozen_};
}

void TaskRun::account(SteadyTime now) {
  if (!frozen_ && phase_ == Phase::kRunning) nominal_ += now - accounted_until_;
  accounted_until_ = now;
}

bool TaskRun::should_be_frozen(SteadyTime now) const {
  if (phase_ != Phase::kRunning) return false;  // what shall end must be able to
  if (held_ || permille_ == 0) return true;
  if (permille_ == 1000) return false;
  const auto period = std::chrono::nanoseconds{options_.freeze_period};
  return (now - cycle_start_) % period >= period * permille_ / 1000;
}

void TaskRun::update_frozen(SteadyTime now) {
  if (finished() || should_be_frozen(now) == frozen_) return;
  account(now);
  frozen_ = !frozen_;
  if (frozen_) {
    stop_tree();
  } else {
    continue_tree();
  }
}

void TaskRun::watch(SteadyTime now) {
  const auto processes = processes_below();
  const auto used = read_usage(processes);
  live_cpu_s_ = used.cpu_s;
  memory_bytes_ = used.resident_bytes;
  const auto limit = order_.spec.resources.memory_bytes;
  if (limit > 0 && used.resident_bytes > limit && phase_ == Phase::kRunning &&
      over_memory(used.resident_bytes, processes)) {
    stop(FailureClass::kOutOfMemory,
         "used " + std::to_string(used.resident_bytes >> 20) +
             " MiB of memory, over its limit of " + std::to_string(limit >> 20) + " MiB",
         Duration::zero(), now);
  }
  // Shared pages make the sum too high where there are several processes.
  if (processes.size() == 1) {
    report_.usage.peak_memory_bytes = std::max(report_.usage.peak_memory_bytes, memory_bytes_);
  }
  const bool close = used.resident_bytes > limit / 5 * 4;
  next_watch_ = now + (limit == 0 || frozen_ ? kWatchPeriod
                       : close               ? kMemoryWatchPeriodClose
                                             : kMemoryWatchPeriod);
}

bool TaskRun::over_memory(std::uint64_t resident_bytes, const std::vector<pid_t>& processes) const {
  const auto true_bytes =
      processes.size() == 1 ? resident_bytes : read_proportional_bytes(processes);
  return true_bytes > order_.spec.resources.memory_bytes;
}

void TaskRun::terminate(Duration grace, SteadyTime now) {
  account(now);
  phase_ = grace > Duration::zero() ? Phase::kTerminating : Phase::kKilling;
  act_at_ = now + grace;
  if (phase_ == Phase::kKilling) return kill_all(now);
  const auto processes = processes_below();
  signal_all(processes, SIGTERM);
  signal_all(processes, SIGCONT);
  frozen_ = false;
}

// Repeated until nothing is left: what a dying process forked becomes our child.
void TaskRun::kill_all(SteadyTime now) {
  signal_all(processes_below(), SIGKILL);
  frozen_ = false;
  act_at_ = now + kKillPeriod;
}

void TaskRun::finish(SteadyTime now) {
  account(now);
  phase_ = Phase::kFinished;
  output_.finish();
  error_.finish();
  report_.finished_at = utc_now();
  report_.nominal_run_time = std::chrono::round<Duration>(nominal_);
  report_.usage.cpu_s = reaped_cpu_s_;
  judge();
  write_status();
}

void TaskRun::judge() {
  const auto changed = withdraw_changed_inputs(linked_);
  if (stopped_ || !main_status_) return;
  if (WIFSIGNALED(*main_status_)) {
    const int signal = WTERMSIG(*main_status_);
    report_.failure = FailureClass::kUserError;
    report_.message =
        "killed by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
    return;
  }
  report_.exit_code = WEXITSTATUS(*main_status_);
  if (*report_.exit_code != 0) {
    report_.failure = FailureClass::kUserError;
    report_.message = "exit code " + std::to_string(*report_.exit_code);
    const auto line = error_.last_line(kMessageBytesMax);
    if (!line.empty()) report_.message += ": " + line;
    return;
  }
  if (!changed.empty()) {
    report_.failure = FailureClass::kUserError;
    report_.message = "changed its input " + changed.front() + "; inputs are read-only";
    return;
  }
  judge_result();
}

void TaskRun::judge_result() {
  struct stat info {};
  if (::lstat(paths_.result.c_str(), &info) != 0) return;
  std::string problem;
  if (!S_ISREG(info.st_mode)) {
    problem = "result: not a regular file";
  } else if (static_cast<std::uint64_t>(info.st_size) > protocol::kResultBytesMax) {
    problem = "result: " + std::to_string(info.st_size) + " bytes, over the limit of " +
              std::to_string(protocol::kResultBytesMax);
  }
  if (problem.empty()) return;
  report_.failure = FailureClass::kUserError;
  report_.message = std::move(problem);
}

void TaskRun::write_status() {
  // Without the file (a full disk) an agent that is there still hears of the end.
  (void)write_file_atomically(paths_.status, dump(to_json(report_)));
}

}  // namespace hearth::node_agent::runner
