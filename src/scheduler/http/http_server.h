// A small HTTP/1.1 server for pages that are made elsewhere. It has a thread of its own, so that it
// answers even when the loop does not. Only this pair of files includes Beast.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/result.h"

namespace hearth::scheduler {

struct HttpReply {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

class HttpServer {
 public:
  using Answer = std::function<void(HttpReply)>;
  // Makes a page. Called on the server's thread; answers from any thread, at most once. A page that
  // takes longer than a second is answered with 503.
  using Page = std::function<void(Answer)>;

  // Serves `pages` by path at "ADDRESS:PORT". kUnavailable: the address cannot be had.
  static Result<std::unique_ptr<HttpServer>> start(const std::string& listen,
                                                   std::map<std::string, Page> pages);
  ~HttpServer();

  // As bound: chosen by the system where `listen` said 0.
  [[nodiscard]] int port() const;

  // Answers nobody from here on. Pages that are still being made may yet answer, in vain: what they
  // run on is destroyed before the server.
  void stop();

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::scheduler
