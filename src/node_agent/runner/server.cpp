#include "node_agent/runner/server.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "common/log.h"

namespace hearth::node_agent::runner {
namespace {

constexpr Duration kUsagePeriod{500};
constexpr Duration kLeavingGrace{std::chrono::seconds{5}};
constexpr Duration kStartedPatience{5};  // a short task's start and end go in one message
constexpr std::size_t kLineBytesMax = 16 * 1024 * 1024;
constexpr std::size_t kOutboxBytesMax = 256 * 1024;  // beyond, usage is not told

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

Server::Server(ServerOptions options)
    : options_(options),
      listen_(options.listen_descriptor),
      last_sign_of_life_(steady_now()),
      next_usage_(last_sign_of_life_) {}

Result<> Server::run() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  sigaddset(&signals, SIGTERM);
  signals_ = Descriptor{::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!signals_) return fail(ErrorCode::kInternal, std::string{"signalfd: "} + strerror(errno));
  while (!is_over(steady_now())) turn();
  return {};
}

bool Server::is_over(SteadyTime now) const {
  if (task_) return false;
  return leaving_ || (!agent_ && now - last_sign_of_life_ >= options_.idle_exit);
}

int Server::wait_ms(SteadyTime now) const {
  if (agent_ && !task_) return -1;
  SteadyTime next = task_ ? task_->next_deadline() : last_sign_of_life_ + options_.idle_exit;
  if (task_ && now - last_sign_of_life_ < options_.watchdog) {
    next = std::min(next, last_sign_of_life_ + options_.watchdog);
  }
  if (!outbox_.empty() && send_at_ > now) next = std::min(next, send_at_);
  // Rounded up: waking before the deadline would spin.
  const auto wait = std::chrono::ceil<Duration>(next - now).count();
  return static_cast<int>(std::clamp<Duration::rep>(wait, 0, 60'000));
}

void Server::turn() {
  enum : std::size_t { kListen, kSignals, kAgent, kOutput, kError, kControl, kCount };
  std::array<pollfd, kCount> polled{};
  polled[kListen] = {listen_.get(), POLLIN, 0};
  polled[kSignals] = {signals_.get(), POLLIN, 0};
  polled[kAgent] = {agent_.get(), static_cast<short>(outbox_.empty() ? POLLIN : POLLIN | POLLOUT),
                    0};
  polled[kOutput] = {task_ ? task_->output_descriptor() : -1, POLLIN, 0};
  polled[kError] = {task_ ? task_->error_descriptor() : -1, POLLIN, 0};
  polled[kControl] = {task_ ? task_->control_descriptor() : -1, POLLIN, 0};
  if (send_at_ > steady_now()) polled[kAgent].events = POLLIN;
  if (::poll(polled.data(), polled.size(), wait_ms(steady_now())) < 0) return;
  const auto now = steady_now();
  if (polled[kSignals].revents != 0) read_signals(now);
  if (task_ && (polled[kOutput].revents != 0 || polled[kError].revents != 0)) task_->on_output();
  if (task_ && polled[kControl].revents != 0) task_->on_control(now);
  if (polled[kAgent].revents & (POLLIN | POLLHUP | POLLERR)) read_agent(now);
  if (polled[kListen].revents != 0) accept_agent(now);
  check_task(now);
  if (!outbox_.empty() && now >= send_at_) flush();
}

void Server::accept_agent(SteadyTime now) {
  Descriptor agent{::accept4(listen_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  if (!agent) return;
  drop_agent();
  agent_ = std::move(agent);
  last_sign_of_life_ = now;
  next_usage_ = now;
  const auto* confinement = options_.task.confinement;
  const bool grants_network = confinement == nullptr || confinement->grants_network();
  say(RunnerHello{::getpid(), task_ ? std::optional{task_->attempt()} : std::nullopt, true,
                  grants_network});
}

void Server::drop_agent() {
  agent_.reset();
  inbox_.clear();
  outbox_.clear();
}

void Server::read_agent(SteadyTime now) {
  char buffer[64 * 1024];
  const auto count = ::recv(agent_.get(), buffer, sizeof buffer, 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0 || inbox_.size() > kLineBytesMax) return drop_agent();
  last_sign_of_life_ = now;
  inbox_.append(buffer, static_cast<std::size_t>(count));
  std::size_t begin = 0;
  for (auto end = inbox_.find('\n'); end != std::string::npos; end = inbox_.find('\n', begin)) {
    auto message = parse_agent_message(std::string_view{inbox_}.substr(begin, end - begin));
    begin = end + 1;
    if (message) {
      obey(std::move(*message), now);
    } else {
      log::warn("agent_misunderstood", {{"problem", message.error().message}});
    }
  }
  inbox_.erase(0, begin);
}

void Server::read_signals(SteadyTime now) {
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
    if (signal.ssi_signo == SIGTERM) {
      leaving_ = true;
      if (task_) {
        task_->stop(protocol::FailureClass::kAgentError, "the node's runner was stopped",
                    kLeavingGrace, now);
      }
    }
  }
  if (task_) task_->on_children_changed(now);
}

void Server::obey(AgentMessage message, SteadyTime now) {
  if (auto* order = std::get_if<StartOrder>(&message)) {
    start(std::move(*order), now);
  } else if (const auto* stop = std::get_if<StopOrder>(&message)) {
    if (task_ && task_->attempt() == stop->attempt) {
      task_->stop(stop->failure,
                  "stopped by the agent: " + std::string{protocol::to_string(stop->failure)},
                  stop->grace, now);
    }
  } else if (const auto* speed = std::get_if<SpeedOrder>(&message)) {
    if (task_ && task_->attempt() == speed->attempt) task_->set_speed(speed->permille, now);
  } else if (const auto* forget = std::get_if<ForgetOrder>(&message)) {
    remove_task_directory(forget->directory);
  } else if (std::holds_alternative<Bye>(message)) {
    leaving_ = !task_;
  }
}

void Server::start(StartOrder order, SteadyTime now) {
  if (task_) {
    protocol::AttemptReport report;
    report.attempt = order.attempt;
    report.task = order.task;
    report.failure = protocol::FailureClass::kAgentError;
    report.message = "the runner is busy with " + to_string(task_->attempt());
    say(Ended{std::move(report)});
    return;
  }
  task_.emplace(std::move(order), options_.task, now);
  next_usage_ = now + kUsagePeriod;
  if (!task_->started()) return;
  say(Started{task_->attempt()});
  send_at_ = now + kStartedPatience;
}

void Server::say(const RunnerMessage& message) {
  if (agent_) outbox_ += encode(message);
  send_at_ = {};
}

void Server::flush() {
  const auto sent = ::send(agent_.get(), outbox_.data(), outbox_.size(), MSG_NOSIGNAL);
  if (sent > 0) {
    outbox_.erase(0, static_cast<std::size_t>(sent));
  } else if (errno != EAGAIN && errno != EINTR) {
    drop_agent();
  }
}

void Server::check_task(SteadyTime now) {
  if (!task_) return;
  task_->hold(now - last_sign_of_life_ >= options_.watchdog, now);
  if (now >= task_->next_deadline()) task_->on_time(now);
  if (task_->finished()) {
    say(Ended{task_->report()});
    task_.reset();
  } else if (now >= next_usage_) {
    next_usage_ = now + kUsagePeriod;
    if (outbox_.size() < kOutboxBytesMax) say(task_->usage());
  }
}

}  // namespace hearth::node_agent::runner
