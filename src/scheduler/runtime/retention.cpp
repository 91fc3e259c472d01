#include "scheduler/runtime/retention.h"

#include <algorithm>
#include <future>
#include <limits>
#include <set>

#include "common/log.h"
#include "scheduler/runtime/clock.h"

namespace hearth::scheduler {
namespace {

constexpr std::size_t kJobsAtOnce = 100;
constexpr std::size_t kJobsOverCap = 10;     // their sizes are not known before they are gone
constexpr Duration kPauseBetweenPieces{50};  // so that commits go first
constexpr int kPiecesPerRound = 20;
constexpr Duration kArtifactsPeriod = std::chrono::minutes{10};
// A submit finds its inputs, then names them: nothing as young as that is removed for its size.
constexpr Duration kArtifactYoung = std::chrono::hours{1};
constexpr std::size_t kArtifactsAtOnce = 500;

}  // namespace

Retention::Retention(EventLoop& loop, Store& store, BlobStore& blobs, const RetentionConfig& config)
    : loop_(loop), store_(store), blobs_(blobs), config_(config) {
  wait_for_next(std::min(config_.sweep_period, Duration{1000}));
}

void Retention::stop() {
  stopped_ = true;
  thread_.join();
}

void Retention::wait_for_next(Duration pause) {
  timer_.expires_after(pause);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled && !stopped_) wait_for_next(round());
  });
}

template <class Query>
auto Retention::ask(Query query) {
  std::promise<decltype(query(std::declval<StoreReader&>()))> answer;
  auto coming = answer.get_future();
  store_.read([&](StoreReader& reader) { answer.set_value(query(reader)); });
  return coming.get();
}

Duration Retention::round() {
  const auto usage = ask([](StoreReader& reader) { return reader.usage(); });
  if (!usage) {
    log::warn("retention_failed", {{"error", usage.error().message}});
    return config_.sweep_period;
  }
  const bool more_jobs = forget_jobs(*usage);
  const bool more_rows = sweep(*usage);
  if (monotonic_now() >= artifacts_due_ && !stopped_) {
    artifacts_due_ = monotonic_now() + std::min(kArtifactsPeriod, config_.sweep_period);
    forget_artifacts();
  }
  const auto now = ask([](StoreReader& reader) { return reader.usage(); });
  publish(now ? *now : *usage);
  return more_jobs || more_rows ? kPauseBetweenPieces : config_.sweep_period;
}

// Whether there is more to forget.
bool Retention::forget_jobs(const StoreUsage& usage) {
  // What an earlier piece has freed shows only when all of it is swept.
  const bool over = usage.used_bytes > config_.store_size_max_bytes && usage.jobs_forgotten == 0;
  const auto before = over ? UtcTime::max() : utc_now() - config_.job_keep;
  const auto limit = over ? kJobsOverCap : kJobsAtOnce;
  auto expired = ask([&](StoreReader& reader) { return reader.expired_jobs(before, limit); });
  if (!expired || expired->empty()) return false;
  const bool full = expired->size() == limit;
  if (over) {
    log::warn("store_over_its_cap", {{"used_bytes", usage.used_bytes},
                                     {"size_max_bytes", config_.store_size_max_bytes},
                                     {"jobs_to_forget", expired->size()}});
  }
  std::promise<void> durable;
  loop_.post([&] {
    if (!loop_.serving()) return durable.set_value();
    loop_.apply(JobsExpired{std::move(*expired)});
    loop_.when_durable(
        loop_.scheduler().last_seq(), [&](bool) { durable.set_value(); },
        [this] { return stopped_.load(); });
  });
  durable.get_future().wait();
  return full;
}

// Whether there is more to delete.
bool Retention::sweep(const StoreUsage& usage) {
  SweepOrder order;
  order.events_before = utc_now() - config_.event_keep;
  order.events_excess = usage.events > config_.events_max ? usage.events - config_.events_max : 0;
  for (int piece = 0; piece < kPiecesPerRound && !stopped_; ++piece) {
    std::promise<Result<Swept>> answer;
    store_.sweep(order, [&](Result<Swept> swept) { answer.set_value(std::move(swept)); });
    const auto swept = answer.get_future().get();
    if (!swept) {
      log::warn("retention_failed", {{"error", swept.error().message}});
      return false;
    }
    found_.jobs_deleted += swept->jobs;
    found_.rows_deleted += swept->rows;
    found_.events_deleted += swept->events;
    order.events_excess -= std::min(order.events_excess, swept->events);
    if (!swept->more) return false;
  }
  return true;
}

void Retention::forget_artifacts() {
  auto stored = blobs_.list();
  if (!stored) {
    log::warn("retention_failed", {{"error", stored.error().message}});
    return;
  }
  found_.artifacts = stored->size();
  found_.artifact_bytes = 0;
  for (const auto& blob : *stored) found_.artifact_bytes += blob.size_bytes;
  std::ranges::sort(*stored, {}, &BlobStore::Stored::used_at);
  const auto old = utc_now() - config_.artifact_keep;
  const auto young = utc_now() - std::min(kArtifactYoung, config_.artifact_keep);
  for (std::size_t first = 0; first < stored->size() && !stopped_; first += kArtifactsAtOnce) {
    std::vector<std::string> digests;
    const auto last = std::min(stored->size(), first + kArtifactsAtOnce);
    for (auto i = first; i < last; ++i) digests.push_back((*stored)[i].digest);
    const auto over = found_.artifact_bytes > config_.artifacts_size_max_bytes;
    if ((*stored)[first].used_at >= (over ? young : old)) return;
    const auto kept = ask([&](StoreReader& reader) { return reader.referenced(digests); });
    if (!kept) return;
    const std::set<std::string> referenced(kept->begin(), kept->end());
    for (auto i = first; i < last; ++i) {
      const auto& blob = (*stored)[i];
      if (referenced.contains(blob.digest)) continue;
      const bool too_many = found_.artifact_bytes > config_.artifacts_size_max_bytes;
      const auto removed = blobs_.remove_unused(blob.digest, too_many ? young : old);
      if (!removed || !*removed) continue;
      ++found_.artifacts_deleted;
      --found_.artifacts;
      found_.artifact_bytes -= blob.size_bytes;
    }
  }
}

void Retention::publish(const StoreUsage& usage) {
  found_.store = usage;
  std::promise<void> done;
  loop_.post([&] {
    stats_ = found_;
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace hearth::scheduler
