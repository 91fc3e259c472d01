#include "scheduler/runtime/telemetry_recorder.h"

#include <future>
#include <utility>

#include "common/log.h"
#include "scheduler/runtime/clock.h"

namespace hearth::scheduler {
namespace {

constexpr std::size_t kAtOnce = 250;  // zones, sites, nodes a turn: well below a millisecond

}  // namespace

TelemetryRecorder::TelemetryRecorder(EventLoop& loop, TelemetryStore& store,
                                     Duration learned_period)
    : loop_(loop), store_(store), learned_period_(learned_period) {
  restore();
  wait_for_next();
}

void TelemetryRecorder::restore() {
  std::size_t zones = 0;
  std::size_t zones_learned = 0;
  std::size_t nodes = 0;
  std::size_t run_times = 0;
  const auto start = monotonic_now();
  auto kept = store_.restore(utc_now(), [&](TelemetryRestored part) {
    for (const auto& zone : part.zones) ++(zone.learned ? zones_learned : zones);
    nodes += part.nodes.size();
    run_times += part.run_times.size();
    std::promise<void> taken;  // one part at a time, so that they never pile up in memory
    loop_.post([this, &part, &taken] {
      loop_.apply(part);
      taken.set_value();
    });
    taken.get_future().wait();
  });
  log::info("telemetry_restored", {{"zones", zones},
                                   {"zones_learned", zones_learned},
                                   {"nodes", nodes},
                                   {"run_times", run_times},
                                   {"wall_s", to_seconds(monotonic_now() - start)}});
  loop_.post([this, kept = std::move(kept)] { kept_ = kept; });
}

void TelemetryRecorder::stop() {
  if (std::exchange(stopped_, true)) return;
  thread_.join();
  std::promise<void> done;
  record_last(done);
  done.get_future().wait();
}

void TelemetryRecorder::record_last(std::promise<void>& done) {
  loop_.post([this, &done] {
    if (round_under_way_) return record_last(done);
    learned_at_ = {};
    begin_round();
    kept_.last = true;
    record([&done] { done.set_value(); });
  });
}

// On the grid of samples, so that each falls into one of its own.
void TelemetryRecorder::wait_for_next() {
  const auto into = utc_now().time_since_epoch() % kSamplePeriod;
  timer_.expires_after(kSamplePeriod - into);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    // A loop that is behind is not asked for more.
    if (!round_under_way_.exchange(true)) {
      loop_.post([this] {
        begin_round();
        record([this] { round_under_way_ = false; });
      });
    }
    wait_for_next();
  });
}

void TelemetryRecorder::begin_round() {
  round_at_ = utc_now();
  if (const int anew = store_.begun_anew(); std::exchange(begun_anew_, anew) != anew) {
    kept_ = {};
    runs_kept_known_ = false;
    learned_at_ = {};
  }
  with_learned_ = round_at_ - learned_at_ >= learned_period_ || round_at_ < learned_at_;
  zone_after_ = {};
  site_after_ = {};
  node_after_ = {};
  zones_done_ = false;
  sites_done_ = false;
  nodes_done_ = !with_learned_;
}

void TelemetryRecorder::record(std::function<void()> done) {
  store_.put(part());
  if (zones_done_ && sites_done_ && nodes_done_) return done();
  loop_.post([this, done = std::move(done)]() mutable { record(std::move(done)); });
}

TelemetryBatch TelemetryRecorder::part() {
  const auto& core = loop_.scheduler();
  TelemetryBatch batch;
  batch.at = round_at_;
  if (!sites_done_) {
    batch.sites = core.site_telemetry(site_after_, kAtOnce, kept_);
    sites_done_ = batch.sites.size() < kAtOnce;
    if (!sites_done_) site_after_ = batch.sites.back().site;
    for (const auto& site : batch.sites) {
      kept_.sites[site.site] = site.first_slot + static_cast<std::int64_t>(site.slots.size());
    }
  } else if (!zones_done_) {
    batch.zones = core.zone_telemetry(zone_after_, kAtOnce, kept_);
    zones_done_ = batch.zones.size() < kAtOnce;
    if (!zones_done_) zone_after_ = batch.zones.back().zone;
    for (const auto& zone : batch.zones) {
      kept_.zones[zone.zone] = zone.first_slot + static_cast<std::int64_t>(zone.slots.size());
      if (zone.learned) kept_.knowledge[zone.zone] = extent_of(*zone.learned);
    }
  } else {
    batch.nodes = core.node_telemetry(node_after_, kAtOnce);
    nodes_done_ = batch.nodes.size() < kAtOnce;
    if (!nodes_done_) node_after_ = batch.nodes.back().node;
    if (nodes_done_) {
      const auto learned = core.run_times().learned();
      const bool any = !runs_kept_known_ || learned > runs_kept_;
      if (any) batch.run_times = core.run_times().rows(runs_kept_known_ ? runs_kept_ : 0);
      const auto& fleet = core.fleet_capacity_error();
      if (fleet.days != kept_.fleet_days) batch.fleet_capacity = fleet;
      kept_.fleet_days = fleet.days;
      batch.shares = core.tenant_shares();
      runs_kept_ = learned;
      runs_kept_known_ = true;
      learned_at_ = round_at_;
    }
  }
  return batch;
}

}  // namespace hearth::scheduler
