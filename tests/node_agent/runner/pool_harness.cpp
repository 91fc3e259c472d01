#include "pool_harness.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "node_agent/runner/process_tree.h"
#include "node_agent/runner/task_directory.h"

namespace hearth::node_agent {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::milliseconds kLook{5};  // how often a condition is looked at

}  // namespace

PoolHarness::PoolHarness() {
  std::string name = std::filesystem::temp_directory_path() / "hearth-runner-test-XXXXXX";
  directory_ = ::mkdtemp(name.data());
  ::chmod(directory_.c_str(), 0711);
  config_.state_directory = directory_;
  config_.runner_path = HEARTH_RUNNER_PATH;
  config_.node = "n1";
  config_.slots = 2;
}

PoolHarness::~PoolHarness() {
  if (!pool_) open_pool();
  pool_->close();
  wait_until([] { return !any_process_left(); }, "the end of all runners");
  runner::signal_all(runner::processes_below(), SIGKILL);
  pool_.reset();
  std::filesystem::remove_all(directory_);
}

void PoolHarness::open_pool(std::set<AttemptId> spooled) {
  bool found = false;
  pool_ = std::make_unique<RunnerPool>(io_, config_, [this](const Event& event) {
    if (const auto* started = std::get_if<AttemptStarted>(&event)) {
      EXPECT_TRUE(started_.insert(started->attempt).second);
    } else if (const auto* ended = std::get_if<AttemptEnded>(&event)) {
      EXPECT_TRUE(ended_.emplace(ended->report.attempt, ended->report).second);
    }
  });
  const auto began = pool_->start(std::move(spooled), [&](auto running) {
    found_ = std::move(running);
    found = true;
  });
  EXPECT_TRUE(began);
  wait_until([&] { return found; }, "the survey of runners");
}

StartTask PoolHarness::order(std::vector<std::string> command) {
  StartTask order;
  order.attempt = {1, ++last_counter_};
  order.task = {{7}, 12};
  order.spec.command = std::move(command);
  return order;
}

protocol::AttemptReport PoolHarness::run(const StartTask& order,
                                         std::vector<runner::InputFile> inputs,
                                         std::string payload) {
  if (!pool_) open_pool();
  pool_->start_task(order, std::move(inputs), std::move(payload));
  return wait_for_end(order.attempt);
}

std::vector<std::string> PoolHarness::start_until_ready(const StartTask& order) {
  if (!pool_) open_pool();
  pool_->start_task(order, {}, {});
  const auto ready = [&] { return content(order.attempt, "scratch/ready"); };
  wait_until([&] { return ready().ends_with("\n") || ended_.contains(order.attempt); }, "ready");
  EXPECT_FALSE(ended_.contains(order.attempt)) << ended_[order.attempt].message;
  std::istringstream text{ready()};
  return {std::istream_iterator<std::string>{text}, {}};
}

protocol::AttemptReport PoolHarness::wait_for_end(AttemptId attempt) {
  wait_until([&] { return ended_.contains(attempt); }, "the end of the attempt");
  return ended_[attempt];
}

void PoolHarness::wait_until(const std::function<bool()>& condition, const char* what) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "waited in vain for " << what;
      return;
    }
    io_.restart();
    io_.run_one_for(kLook);
  }
}

std::string PoolHarness::path_of(AttemptId attempt, const std::string& file) const {
  return directory_ + "/tasks/" + to_string(attempt) + "/" + file;
}

std::string PoolHarness::content(AttemptId attempt, const std::string& file) const {
  return runner::read_file(path_of(attempt, file), 1 << 20).value_or("");
}

std::string PoolHarness::make_file(const std::string& name, const std::string& text) const {
  std::ofstream{directory_ + "/" + name} << text;
  return directory_ + "/" + name;
}

void PoolHarness::touch(AttemptId attempt, const std::string& file) const {
  std::ofstream{path_of(attempt, file)};
}

char state_of(int pid) {
  const auto text = runner::read_file("/proc/" + std::to_string(pid) + "/stat", 4096).value_or("");
  const auto name_end = text.rfind(')');
  return name_end == std::string::npos ? 'X' : text.at(name_end + 2);
}

bool is_alive(int pid) {
  const char state = state_of(pid);
  return state != 'X' && state != 'Z';
}

bool any_process_left() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
  return !runner::processes_below().empty();
}

}  // namespace hearth::node_agent
