#include "node_agent/runtime/local_control.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>

#include "common/log.h"

namespace hearth::node_agent {
namespace {

using boost::asio::local::stream_protocol;
using nlohmann::json;

constexpr std::size_t kLineBytesMax = 4096;
constexpr std::chrono::seconds kPatience{10};

// One caller: lines in, answers out, until it hangs up or says nothing for a while.
class Caller : public std::enable_shared_from_this<Caller> {
 public:
  Caller(stream_protocol::socket socket, std::shared_ptr<LocalControl::Handler> handler)
      : socket_(std::move(socket)), timer_(socket_.get_executor()), handler_(std::move(handler)) {}

  void read() {
    timer_.expires_after(kPatience);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& stopped) {
      boost::system::error_code ignored;
      if (!stopped) self->socket_.close(ignored);
    });
    boost::asio::async_read_until(
        socket_, boost::asio::dynamic_buffer(input_, kLineBytesMax), '\n',
        [self = shared_from_this()](const boost::system::error_code& failed, std::size_t length) {
          self->timer_.cancel();
          if (!failed) self->answer(length);
        });
  }

 private:
  void answer(std::size_t length) {
    const auto request = parse_control_request(std::string_view{input_}.substr(0, length - 1));
    input_.erase(0, length);
    const json reply = request ? (*handler_)(*request) : refusal(request.error().message);
    output_ = reply.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    boost::asio::async_write(
        socket_, boost::asio::buffer(output_),
        [self = shared_from_this()](const boost::system::error_code& failed, std::size_t) {
          if (!failed) self->read();
        });
  }

  stream_protocol::socket socket_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<LocalControl::Handler> handler_;
  std::string input_;
  std::string output_;
};

// A connected socket, or -1 with errno.
int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int connection = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection < 0) return -1;
  const timeval patience{kPatience.count(), 0};
  ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return connection;
  }
  const int reason = errno;
  ::close(connection);
  errno = reason;
  return -1;
}

std::string exchange_line(int connection, const std::string& line) {
  std::string answer;
  if (::send(connection, line.data(), line.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(line.size())) {
    return answer;
  }
  char buffer[4096];
  while (answer.find('\n') == std::string::npos) {
    const auto count = ::recv(connection, buffer, sizeof buffer, 0);
    if (count <= 0) break;
    answer.append(buffer, static_cast<std::size_t>(count));
  }
  return answer;
}

}  // namespace

LocalControl::LocalControl(boost::asio::io_context& io, std::string path, Handler handler)
    : acceptor_(io),
      path_(std::move(path)),
      handler_(std::make_shared<Handler>(std::move(handler))) {}

Result<std::unique_ptr<LocalControl>> LocalControl::listen(boost::asio::io_context& io,
                                                           const std::string& path,
                                                           Handler handler) {
  std::unique_ptr<LocalControl> control{new LocalControl(io, path, std::move(handler))};
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(ErrorCode::kUnavailable, path + ": too long for a Unix socket (107 bytes at most)");
  }
  ::unlink(path.c_str());
  boost::system::error_code error;
  auto& acceptor = control->acceptor_;
  const auto others = ::umask(0177);  // nobody may connect even for a moment
  acceptor.open(stream_protocol{}, error);
  if (!error) acceptor.bind(stream_protocol::endpoint{path}, error);
  if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  ::umask(others);
  if (error) return fail(ErrorCode::kUnavailable, path + ": " + error.message());
  control->accept();
  return control;
}

LocalControl::~LocalControl() {
  ::unlink(path_.c_str());
}

void LocalControl::accept() {
  acceptor_.async_accept(
      [this](const boost::system::error_code& failed, stream_protocol::socket socket) {
        if (failed == boost::asio::error::operation_aborted) return;
        if (failed) {
          log::warn("local_control_accept_failed", {{"reason", failed.message()}});
        } else {
          std::make_shared<Caller>(std::move(socket), handler_)->read();
        }
        accept();
      });
}

Result<json> ask_agent(const std::string& state_directory, const ControlRequest& request) {
  const int connection = connect_to(control_socket_path(state_directory));
  if (connection < 0) {
    return fail(ErrorCode::kUnavailable, "no hearth-agent is running with state directory " +
                                             state_directory + " (" + std::strerror(errno) + ")");
  }
  const auto text = exchange_line(connection, encode(request) + "\n");
  ::close(connection);
  auto answer = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object() || !answer.contains("ok") || !answer.at("ok").is_boolean()) {
    return fail(ErrorCode::kUnavailable,
                "the hearth-agent with state directory " + state_directory + " does not answer");
  }
  if (answer.at("ok").get<bool>()) return answer;
  const auto reason = answer.find("error");
  return fail(ErrorCode::kFailedPrecondition, reason != answer.end() && reason->is_string()
                                                  ? reason->get<std::string>()
                                                  : "refused without a reason");
}

std::string control_socket_path(const std::string& state_directory) {
  return state_directory + "/control.sock";
}

}  // namespace hearth::node_agent
