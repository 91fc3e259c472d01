#include "node_agent/runtime/runner_link.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "common/log.h"

namespace hearth::node_agent {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::seconds kDeathPatience{2};

}  // namespace

std::shared_ptr<RunnerLink> RunnerLink::open(asio::io_context& io, RunnerProcess process,
                                             Handlers handlers) {
  std::shared_ptr<RunnerLink> link{new RunnerLink(io, std::move(process), std::move(handlers))};
  link->watch_process();
  link->wait_readable();
  return link;
}

RunnerLink::RunnerLink(asio::io_context& io, RunnerProcess process, Handlers handlers)
    : socket_(io, asio::local::stream_protocol{}, process.socket.release()),
      process_(io),
      patience_(io),
      pid_(process.pid),
      handlers_(std::move(handlers)) {}

void RunnerLink::watch_process() {
  if (pid_ == 0 || process_.is_open()) return;
  const auto descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (descriptor >= 0) process_.assign(descriptor);
}

void RunnerLink::wait_readable() {
  socket_.async_wait(socket_.wait_read, [self = shared_from_this()](error_code error) {
    if (!error && !self->closed_) self->read_available();
  });
}

void RunnerLink::read_available() {
  char buffer[64 * 1024];
  for (;;) {
    const auto count = ::recv(socket_.native_handle(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (count > 0) {
      inbox_.append(buffer, static_cast<std::size_t>(count));
      if (static_cast<std::size_t>(count) == sizeof buffer) continue;
      if (take_lines()) wait_readable();
      return;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      if (take_lines()) wait_readable();
      return;
    }
    if (take_lines()) close();
    return;
  }
}

// False if a handler has detached or closed us meanwhile.
bool RunnerLink::take_lines() {
  std::size_t begin = 0;
  for (auto end = inbox_.find('\n'); end != std::string::npos; end = inbox_.find('\n', begin)) {
    const auto message =
        runner::parse_runner_message(std::string_view{inbox_}.substr(begin, end - begin));
    begin = end + 1;
    if (!message) {
      log::warn("runner_misunderstood", {{"problem", message.error().message}});
      continue;
    }
    if (const auto* hello = std::get_if<runner::RunnerHello>(&*message)) {
      pid_ = hello->pid;
      watch_process();
    }
    handlers_.on_message(*message);
    if (closed_) return false;
  }
  inbox_.erase(0, begin);
  return true;
}

void RunnerLink::send(const runner::AgentMessage& message) {
  if (closed_) return;
  outbox_ += runner::encode(message);
  if (!writing_) flush();
}

void RunnerLink::flush() {
  const auto sent =
      ::send(socket_.native_handle(), outbox_.data(), outbox_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) outbox_.erase(0, static_cast<std::size_t>(sent));
  if (sent < 0 && errno != EAGAIN && errno != EINTR) {
    outbox_.clear();  // the runner is gone: the reading side will notice
    return;
  }
  writing_ = !outbox_.empty();
  if (!writing_) return;
  socket_.async_wait(socket_.wait_write, [self = shared_from_this()](error_code error) {
    if (!error && !self->closed_) self->flush();
  });
}

void RunnerLink::detach() {
  closed_ = true;
  handlers_ = {};
  error_code ignored;
  socket_.close(ignored);
  process_.close(ignored);
  patience_.cancel();
}

void RunnerLink::end_process() {
  constexpr int kPatienceMs = 1000;
  if (process_.is_open()) {
    ::kill(pid_, SIGKILL);
    pollfd ended{process_.native_handle(), POLLIN, 0};
    ::poll(&ended, 1, kPatienceMs);
    ::waitpid(pid_, nullptr, WNOHANG);
  }
  detach();
}

void RunnerLink::close() {
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
  wait_for_death();
}

// A dying process closes its sockets before it is dead; only then are its children another's.
void RunnerLink::wait_for_death() {
  if (!process_.is_open()) return report_gone();
  process_.async_wait(process_.wait_read, [self = shared_from_this()](error_code error) {
    if (error) return;
    self->patience_.cancel();
    ::waitpid(self->pid_, nullptr, WNOHANG);
    self->report_gone();
  });
  patience_.expires_after(kDeathPatience);
  patience_.async_wait([self = shared_from_this()](error_code error) {
    if (!error && self->process_.is_open()) ::kill(self->pid_, SIGKILL);
  });
}

void RunnerLink::report_gone() {
  error_code ignored;
  process_.close(ignored);
  const auto on_gone = std::move(handlers_.on_gone);
  handlers_ = {};
  if (on_gone) on_gone();
}

}  // namespace hearth::node_agent
