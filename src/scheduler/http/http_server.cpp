#include "scheduler/http/http_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "scheduler/runtime/io_thread.h"

namespace hearth::scheduler {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = asio::ip::tcp;
using boost::system::error_code;
using Pages = std::map<std::string, HttpServer::Page>;

constexpr std::chrono::seconds kPageTime{1};
constexpr std::chrono::seconds kIdleTime{30};
constexpr std::uint64_t kRequestBytesMax = 16 * 1024;

// One connection; keeps itself alive through the handlers that wait.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Tcp::socket socket, const Pages& pages)
      : stream_(std::move(socket)), timer_(stream_.get_executor()), pages_(pages) {}

  void read() {
    parser_.emplace();
    parser_->body_limit(kRequestBytesMax);
    stream_.expires_after(kIdleTime);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const error_code& problem, std::size_t) {
                       if (!problem) self->route();
                     });
  }

 private:
  void route() {
    const auto& request = parser_->get();
    const auto method = request.method();
    if (method != http::verb::get && method != http::verb::head) {
      return write({405, "text/plain; charset=utf-8", "only GET and HEAD\n"});
    }
    const std::string target{request.target()};
    const auto page = pages_.find(target.substr(0, target.find('?')));
    if (page == pages_.end()) {
      return write({404, "text/plain; charset=utf-8", "no such page\n"});
    }
    const auto number = ++asked_;
    page->second([self = shared_from_this(), number](HttpReply reply) {
      asio::post(self->stream_.get_executor(), [self, number, reply = std::move(reply)] {
        if (self->asked_ == number && self->timer_.cancel() != 0) self->write(reply);
      });
    });
    timer_.expires_after(kPageTime);
    timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
      if (cancelled) return;
      ++self->asked_;  // its answer comes too late
      self->write({503, "text/plain; charset=utf-8", "no answer within a second\n"});
    });
  }

  void write(const HttpReply& reply) {
    const auto& request = parser_->get();
    response_ = {};
    response_.version(request.version());
    response_.keep_alive(request.keep_alive());
    response_.result(reply.status);
    response_.set(http::field::content_type, reply.content_type);
    response_.set(http::field::cache_control, "no-store");
    response_.body() = reply.body;
    response_.prepare_payload();
    if (request.method() == http::verb::head) response_.body().clear();
    stream_.expires_after(kIdleTime);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](const error_code& problem, std::size_t) {
                        if (problem) return;
                        if (self->response_.keep_alive()) return self->read();
                        error_code ignored;
                        self->stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
                      });
  }

  beast::tcp_stream stream_;
  asio::steady_timer timer_;
  const Pages& pages_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::uint64_t asked_ = 0;
};

Result<Tcp::endpoint> parse_endpoint(const std::string& listen) {
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos) {
    return fail(ErrorCode::kInvalidArgument, "not ADDRESS:PORT: " + listen);
  }
  auto host = listen.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  error_code problem;
  const auto address = asio::ip::make_address(host, problem);
  if (problem) return fail(ErrorCode::kInvalidArgument, "not an address: " + host);
  const auto port = std::strtoul(listen.c_str() + colon + 1, nullptr, 10);
  return Tcp::endpoint{address, static_cast<std::uint16_t>(port)};
}

}  // namespace

struct HttpServer::Impl {
  Impl(std::map<std::string, Page> pages_in)
      : pages(std::move(pages_in)), acceptor(thread.context()) {}

  error_code listen(const Tcp::endpoint& endpoint) {
    error_code problem;
    acceptor.open(endpoint.protocol(), problem);
    if (!problem) acceptor.set_option(Tcp::acceptor::reuse_address(true), problem);
    if (!problem) acceptor.bind(endpoint, problem);
    if (!problem) acceptor.listen(asio::socket_base::max_listen_connections, problem);
    return problem;
  }

  void accept() {
    acceptor.async_accept([this](const error_code& problem, Tcp::socket socket) {
      if (!acceptor.is_open()) return;
      if (!problem) std::make_shared<Connection>(std::move(socket), pages)->read();
      accept();
    });
  }

  const Pages pages;
  IoThread thread;
  Tcp::acceptor acceptor;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  stop();
}

void HttpServer::stop() {
  impl_->thread.join();
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const std::string& listen,
                                                      std::map<std::string, Page> pages) {
  HEARTH_TRY(endpoint, parse_endpoint(listen));
  auto impl = std::make_unique<Impl>(std::move(pages));
  if (const auto problem = impl->listen(endpoint)) {
    return fail(ErrorCode::kUnavailable, "cannot listen on " + listen + ": " + problem.message());
  }
  impl->accept();
  return std::unique_ptr<HttpServer>{new HttpServer{std::move(impl)}};
}

int HttpServer::port() const {
  error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

}  // namespace hearth::scheduler
