// Brings the inputs of waiting attempts into the artifact cache, each digest once.
//
// Attempts that want the same digest share its download. While the scheduler cannot be reached the
// fetcher goes on trying, as long as somebody waits. Lives on the loop's thread; the blocking work
// runs on a pool. Answers come by a posted call, never from inside fetch().
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "common/time.h"

namespace hearth::node_agent {

struct InputFetcherConfig {
  Duration retry_min{500};
  Duration retry_max{std::chrono::seconds{10}};
  int tries_max = 3;  // for errors that are neither kUnavailable nor kNotFound
};

class InputFetcher {
 public:
  struct Seams {
    std::function<bool(const std::string& digest)> is_cached;     // on the loop
    std::function<Result<>(const std::string& digest)> download;  // blocking, on the pool
    std::function<void(std::function<void()>)> run_on_pool;
    std::function<void(const std::string& digest)> on_downloaded;  // on the loop
    std::function<void(AttemptId, const Result<>&)> on_done;       // on the loop
  };

  InputFetcher(boost::asio::io_context& io, InputFetcherConfig config, Seams seams);
  ~InputFetcher();

  void fetch(AttemptId attempt, const std::vector<std::string>& digests);

  // Nobody waits for this attempt any more; it gets no answer.
  void abandon(AttemptId attempt);

 private:
  struct Download {
    std::set<AttemptId> wanted_by;
    bool under_way = false;
    int failures = 0;
    std::unique_ptr<boost::asio::steady_timer> retry;
  };

  void begin(const std::string& digest);
  void on_downloaded(const std::string& digest, const Result<>& result);
  void on_failed(const std::string& digest, Download& download, const Error& error);
  void answer(AttemptId attempt, const Result<>& result);
  void post(std::function<void()> action);

  boost::asio::io_context& io_;
  InputFetcherConfig config_;
  Seams seams_;
  std::map<std::string, Download> downloads_;
  std::map<AttemptId, std::set<std::string>> missing_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // seen by posted calls
};

}  // namespace hearth::node_agent
