#include "node_agent/runner/task_run.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "node_agent/runner/launch.h"
#include "node_agent/runner/outputs.h"
#include "node_agent/runner/process_tree.h"
#include "node_agent/runner/spec_json.h"

namespace hearth::node_agent::runner {
namespace {

namespace fs = std::filesystem;
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
  if (auto made = make_files(options); !made) {
    return end_unstarted(made.error(), made.error().code == ErrorCode::kNotFound
                                           ? FailureClass::kInputMissing
                                           : FailureClass::kAgentError);
  }
  auto task =
      describe_launch(order_, sandbox_ ? TaskPaths{Sandbox::kTaskDirectory} : TaskPaths{paths_});
  task.standard_input = null_device();
  task.standard_output = output_.writer();
  task.standard_error = error_.writer();
  task.user = options.user;
  const auto process = launch_program(std::move(task));
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

Result<> TaskRun::make_files(const TaskOptions& options) {
  const auto* confinement = options.confinement;
  const bool walled = confinement && confinement->options.level == Isolation::kFull;
  if (walled) {
    auto bare = order_;
    bare.inputs.clear();
    bare.payload.clear();
    if (auto made = create_task_directory(bare, std::nullopt); !made) {
      return tl::unexpected(made.error());
    }
    HEARTH_TRY(sandbox, Sandbox::make(order_, confinement->sandbox));
    sandbox_ = std::move(sandbox);
    return {};
  }
  HEARTH_TRY(linked, create_task_directory(order_, options.user));
  linked_ = std::move(linked);
  return {};
}

Result<pid_t> TaskRun::launch_program(Launch task) {
  auto* confinement = options_.confinement;
  if (confinement == nullptr) return launch(task);
  if (auto limited = confinement->limit(order_.spec.resources); !limited) {
    return tl::unexpected(limited.error());
  }
  killed_before_ = confinement->group->out_of_memory_kills();
  task.entrances = confinement->group->entrances();
  task.processes_max = confinement->options.processes_max;
  return sandbox_ ? sandbox_->start(task, confinement->filter) : launch(task);
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

void TaskRun::on_control(SteadyTime now) {
  if (finished() || !sandbox_ || main_status_) return;
  main_status_ = sandbox_->main_status();
  if (main_status_ && phase_ == Phase::kRunning) terminate(options_.leftover_grace, now);
}

void TaskRun::on_children_changed(SteadyTime now) {
  if (finished()) return;
  on_control(now);  // the warden's last word comes before its end
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
  if (process == main_ && !sandbox_) main_status_ = status;
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

// Without the warden, which is none of the task's.
std::vector<pid_t> TaskRun::processes() const {
  auto found = processes_below();
  if (sandbox_) std::erase(found, main_);
  return found;
}

void TaskRun::watch(SteadyTime now) {
  const auto processes = this->processes();
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
  const auto processes = this->processes();
  signal_all(processes, SIGTERM);
  signal_all(processes_below(), SIGCONT);
  frozen_ = false;
}

// Repeated until nothing is left: what a dying process forked becomes our child.
void TaskRun::kill_all(SteadyTime now) {
  if (sandbox_) ::kill(main_, SIGKILL);  // the first of its namespace takes all others with it
  signal_all(processes_below(), SIGKILL);
  if (options_.confinement != nullptr) options_.confinement->group->kill_all();
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

// Whether the kernel killed something of it at the memory limit, which the runner saw too late.
bool TaskRun::is_out_of_memory() const {
  return options_.confinement != nullptr &&
         options_.confinement->group->out_of_memory_kills() > killed_before_;
}

void TaskRun::judge() {
  const auto changed = withdraw_changed_inputs(linked_);
  if (stopped_) return;
  const bool succeeded = main_status_ && *main_status_ == 0;
  if (!succeeded && is_out_of_memory()) {
    report_.failure = FailureClass::kOutOfMemory;
    report_.message = "killed at its memory limit";
    return;
  }
  if (!main_status_) {
    report_.failure = FailureClass::kAgentError;
    report_.message = "the task's warden died";
    return;
  }
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
  const auto result = sandbox_ ? sandbox_->path_of("result") : paths_.result;
  if (::lstat(result.c_str(), &info) != 0) return bring_out_or_fail();
  std::string problem;
  if (!S_ISREG(info.st_mode)) {
    problem = "result: not a regular file";
  } else if (static_cast<std::uint64_t>(info.st_size) > protocol::kResultBytesMax) {
    problem = "result: " + std::to_string(info.st_size) + " bytes, over the limit of " +
              std::to_string(protocol::kResultBytesMax);
  }
  if (problem.empty()) return bring_out_or_fail();
  report_.failure = FailureClass::kUserError;
  report_.message = std::move(problem);
}

void TaskRun::bring_out_or_fail() {
  const auto brought = bring_out();
  if (brought) return;
  const bool users = brought.error().code == ErrorCode::kInvalidArgument;
  report_.failure = users ? FailureClass::kUserError : FailureClass::kAgentError;
  report_.message = brought.error().message;
}

// Result and outputs of a walled-off task, from its memory to where the agent looks for them. All
// of its processes are dead: what is seen here stays so.
Result<> TaskRun::bring_out() {
  if (!sandbox_) return {};
  if (const auto result = read_file(sandbox_->path_of("result"), protocol::kResultBytesMax)) {
    if (!write_file_atomically(paths_.result, *result)) {
      return fail(ErrorCode::kInternal, "the result cannot be written");
    }
  }
  const auto scratch = sandbox_->scratch();
  std::uint64_t bytes = 0;
  for (const auto& output : find_outputs(scratch, order_.spec)) {
    // A file with holes may claim to be longer than the memory it lies in.
    bytes += output.size_bytes;
    if (bytes > options_.confinement->options.scratch_bytes) {
      return fail(ErrorCode::kInvalidArgument, output.path + ": longer than the scratch directory");
    }
    const fs::path target = paths_.scratch + "/" + output.path;
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    fs::copy_file(scratch + "/" + output.path, target, error);
    if (error) return fail(ErrorCode::kInternal, output.path + ": " + error.message());
  }
  return {};
}

void TaskRun::write_status() {
  // Without the file (a full disk) an agent that is there still hears of the end.
  (void)write_file_atomically(paths_.status, dump(to_json(report_)));
}

}  // namespace hearth::node_agent::runner
