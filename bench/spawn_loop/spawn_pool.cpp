// bench-spawn-pool: the same tasks as bench-spawn-loop, through the agent's runner pool: what the
// runners' sockets and the agent's loop cost, without scheduler, stream and spool.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "arguments.h"
#include "node_agent/runtime/runner_pool.h"

namespace {

using namespace hearth;  // a main program of our own
using std::chrono::steady_clock;

class Driver {
 public:
  explicit Driver(const bench::Arguments& arguments)
      : arguments_(arguments),
        pool_(io_, config_for(arguments),
              [this](const node_agent::Event& event) { on_event(event); }) {
    spec_.command = arguments.command;
  }

  int run() {
    const auto started = pool_.start({}, [this](const auto&) {
      begin_ = steady_clock::now();
      while (next_ < arguments_.threads && start_next()) continue;
    });
    if (!started) return std::fprintf(stderr, "%s\n", started.error().message.c_str()), 1;
    while (ended_ < arguments_.tasks) io_.run_one();
    const std::chrono::duration<double> wall = steady_clock::now() - begin_;
    bench::print_rate(arguments_, "runner pool", failed_, wall.count());
    pool_.close();
    return failed_ == 0 ? 0 : 1;
  }

 private:
  static node_agent::RunnerPoolConfig config_for(const bench::Arguments& arguments) {
    node_agent::RunnerPoolConfig config;
    config.state_directory = arguments.directory;
    config.runner_path =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "hearth-runner";
    config.node = "bench";
    config.slots = arguments.threads;
    return config;
  }

  bool start_next() {
    if (next_ == arguments_.tasks) return false;
    const auto index = static_cast<std::uint64_t>(next_++);
    pool_.start_task({{1, index + 1}, {{1}, index}, spec_}, {}, {});
    return true;
  }

  void on_event(const node_agent::Event& event) {
    const auto* ended = std::get_if<node_agent::AttemptEnded>(&event);
    if (!ended) return;
    ++ended_;
    if (ended->report.failure != protocol::FailureClass::kNone) {
      ++failed_;
      std::fprintf(stderr, "%s\n", ended->report.message.c_str());
    }
    start_next();
    pool_.forget(ended->report.attempt);
  }

  bench::Arguments arguments_;
  protocol::JobSpec spec_;
  boost::asio::io_context io_;
  node_agent::RunnerPool pool_;
  steady_clock::time_point begin_;
  int next_ = 0;
  int ended_ = 0;
  int failed_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = bench::read_arguments(argc, argv);
  return arguments ? Driver{*arguments}.run() : 64;
}
