#include "node_agent/runtime/stop_tasks.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <set>

#include "node_agent/runtime/runner_pool.h"

namespace hearth::node_agent {
namespace {

constexpr Duration kPatience{std::chrono::seconds{20}};
constexpr Duration kLookAgain{10};

// One goodbye from start to end, on its own loop.
class Goodbye {
 public:
  Goodbye(std::string state_directory, Duration grace)
      : state_directory_(std::move(state_directory)),
        grace_(grace),
        pool_(io_, config(state_directory_), [this](Event event) { on_event(event); }),
        patience_(io_),
        look_again_(io_) {}

  Result<int> run() {
    if (auto started = pool_.start({}, [this](const auto&) { on_found(); }); !started) {
      return tl::unexpected(started.error());
    }
    patience_.expires_after(grace_ + kPatience);
    patience_.async_wait([this](const boost::system::error_code& stopped) {
      if (!stopped) finish(false);
    });
    io_.run();
    if (!gone_) {
      return fail(ErrorCode::kUnavailable, state_directory_ + ": " +
                                               std::to_string(pool_.runner_count()) +
                                               " hearth-runner processes did not end");
    }
    return stopped_;
  }

 private:
  static RunnerPoolConfig config(const std::string& state_directory) {
    RunnerPoolConfig config;
    config.state_directory = state_directory;
    return config;
  }

  void on_found() {
    for (const auto& item : pool_.cpu_times().items) {  // of those that still run
      waiting_for_.insert(item.attempt);
      pool_.stop_task({item.attempt, protocol::FailureClass::kCancelled, grace_});
    }
    stopped_ = static_cast<int>(waiting_for_.size());
    if (waiting_for_.empty()) say_goodbye();
  }

  void on_event(const Event& event) {
    const auto* ended = std::get_if<AttemptEnded>(&event);
    if (ended && waiting_for_.erase(ended->report.attempt) > 0 && waiting_for_.empty()) {
      say_goodbye();
    }
  }

  void say_goodbye() {
    pool_.close();
    wait_until_gone();
  }

  void wait_until_gone() {
    if (pool_.runner_count() == 0) return finish(true);
    look_again_.expires_after(kLookAgain);
    look_again_.async_wait([this](const boost::system::error_code& stopped) {
      if (!stopped) wait_until_gone();
    });
  }

  void finish(bool gone) {
    gone_ = gone;
    io_.stop();
  }

  boost::asio::io_context io_{1};
  std::string state_directory_;
  Duration grace_;
  RunnerPool pool_;
  boost::asio::steady_timer patience_;
  boost::asio::steady_timer look_again_;
  std::set<AttemptId> waiting_for_;
  int stopped_ = 0;
  bool gone_ = false;
};

}  // namespace

Result<int> stop_tasks(const std::string& state_directory, Duration grace) {
  std::error_code error;
  if (!std::filesystem::is_directory(state_directory + "/runners", error)) return 0;
  return Goodbye{state_directory, grace}.run();
}

}  // namespace hearth::node_agent
