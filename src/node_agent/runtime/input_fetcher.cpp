#include "node_agent/runtime/input_fetcher.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "common/log.h"

namespace hearth::node_agent {

InputFetcher::InputFetcher(boost::asio::io_context& io, InputFetcherConfig config, Seams seams)
    : io_(io), config_(config), seams_(std::move(seams)) {}

InputFetcher::~InputFetcher() {
  *alive_ = false;
}

void InputFetcher::post(std::function<void()> action) {
  boost::asio::post(io_, [alive = alive_, action = std::move(action)] {
    if (*alive) action();
  });
}

void InputFetcher::fetch(AttemptId attempt, const std::vector<std::string>& digests) {
  std::set<std::string> missing;
  for (const auto& digest : digests) {
    if (!seams_.is_cached(digest)) missing.insert(digest);
  }
  missing_[attempt] = missing;
  if (missing.empty()) {
    return post([this, attempt] { answer(attempt, {}); });
  }
  for (const auto& digest : missing) {
    downloads_[digest].wanted_by.insert(attempt);
    begin(digest);
  }
}

void InputFetcher::abandon(AttemptId attempt) {
  const auto found = missing_.find(attempt);
  if (found == missing_.end()) return;
  for (const auto& digest : found->second) {
    const auto download = downloads_.find(digest);
    if (download == downloads_.end()) continue;
    download->second.wanted_by.erase(attempt);
    // One under way goes on: its bytes are useful to whoever comes next.
    if (download->second.wanted_by.empty() && !download->second.under_way) {
      downloads_.erase(download);
    }
  }
  missing_.erase(found);
}

void InputFetcher::begin(const std::string& digest) {
  auto& download = downloads_.at(digest);
  if (download.under_way || download.retry) return;
  download.under_way = true;
  seams_.run_on_pool([this, digest, alive = alive_, &io = io_, run = seams_.download] {
    auto result = run(digest);
    boost::asio::post(io, [this, digest, alive, result = std::move(result)] {
      if (*alive) on_downloaded(digest, result);
    });
  });
}

void InputFetcher::on_downloaded(const std::string& digest, const Result<>& result) {
  auto& download = downloads_.at(digest);
  download.under_way = false;
  if (!result) return on_failed(digest, download, result.error());
  log::debug("artifact_fetched", {{"digest", digest}});
  seams_.on_downloaded(digest);
  const auto wanted_by = std::move(download.wanted_by);
  downloads_.erase(digest);
  for (const auto attempt : wanted_by) {
    const auto found = missing_.find(attempt);
    if (found == missing_.end()) continue;  // abandoned by an answer just given
    found->second.erase(digest);
    if (found->second.empty()) answer(attempt, {});
  }
}

void InputFetcher::on_failed(const std::string& digest, Download& download, const Error& error) {
  ++download.failures;
  const bool final = error.code == ErrorCode::kNotFound || (error.code != ErrorCode::kUnavailable &&
                                                            download.failures >= config_.tries_max);
  if (download.wanted_by.empty() || final) {
    const auto wanted_by = std::move(download.wanted_by);
    downloads_.erase(digest);
    for (const auto attempt : wanted_by) {
      const auto failure = fail(error.code, "input " + digest + ": " + error.message);
      if (!missing_.contains(attempt)) continue;
      abandon(attempt);
      seams_.on_done(attempt, failure);
    }
    return;
  }
  const int doublings = std::min(download.failures - 1, 10);
  const Duration pause = std::min(config_.retry_max, config_.retry_min * (1 << doublings));
  log::warn("artifact_fetch_failed",
            {{"digest", digest}, {"reason", error.message}, {"retry_s", to_seconds(pause)}});
  download.retry = std::make_unique<boost::asio::steady_timer>(io_, pause);
  download.retry->async_wait([this, digest](const boost::system::error_code& stopped) {
    if (stopped) return;
    downloads_.at(digest).retry.reset();
    begin(digest);
  });
}

void InputFetcher::answer(AttemptId attempt, const Result<>& result) {
  if (missing_.erase(attempt) > 0) seams_.on_done(attempt, result);
}

}  // namespace hearth::node_agent
