// Puts the core's telemetry into its store: every ten seconds a sample of each zone and what became
// of its slots, now and then what was learned of nodes and run times, once a day of zones.
//
// An adapter. Looks at the core on the loop's thread, some hundred zones a turn so that nobody
// waits for it; its own thread only keeps the time.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <future>

#include "scheduler/runtime/event_loop.h"
#include "scheduler/runtime/io_thread.h"
#include "scheduler/store/telemetry_store.h"

namespace hearth::scheduler {

class TelemetryRecorder {
 public:
  // Hands what is kept to the loop's core and waits until that has it; then records. `loop` was
  // started; no agent has spoken yet. Both outlive this object.
  TelemetryRecorder(EventLoop& loop, TelemetryStore& store, Duration learned_period);
  ~TelemetryRecorder() { stop(); }

  // Records once more, and then no longer. Before the loop ends.
  void stop();

 private:
  void restore();
  void wait_for_next();
  void record_last(std::promise<void>& done);
  void begin_round();
  // The next part of a round; the last one runs `done`.
  void record(std::function<void()> done);
  TelemetryBatch part();

  EventLoop& loop_;
  TelemetryStore& store_;
  const Duration learned_period_;
  bool stopped_ = false;

  // The loop's thread.
  KeptTelemetry kept_;
  int begun_anew_ = 0;
  bool with_learned_ = false;
  UtcTime learned_at_{};
  std::uint64_t runs_kept_ = 0;  // of RunTimes::learned()
  bool runs_kept_known_ = false;
  UtcTime round_at_{};
  ZoneId zone_after_;
  SiteId site_after_;
  NodeId node_after_;
  bool zones_done_ = false;
  bool sites_done_ = false;
  bool nodes_done_ = false;

  std::atomic<bool> round_under_way_{false};
  IoThread thread_;  // last: ends before what its handlers use
  boost::asio::steady_timer timer_{thread_.context()};
};

}  // namespace hearth::scheduler
