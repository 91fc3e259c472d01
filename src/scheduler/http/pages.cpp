#include "scheduler/http/pages.h"

#include "scheduler/runtime/clock.h"

namespace hearth::scheduler {
namespace {

// Nothing before the first forecast, nor once the last one is over.
std::optional<CapacityHour> capacity_now(const CapacityForecast& forecast) {
  const auto hour = std::chrono::floor<std::chrono::hours>(utc_now() - forecast.from).count();
  if (hour < 0 || static_cast<std::size_t>(hour) >= forecast.hours.size()) return std::nullopt;
  return forecast.hours[static_cast<std::size_t>(hour)];
}

}  // namespace

HttpServer::Page health_page(EventLoop& loop, Store& store) {
  return [&loop, &store](const HttpServer::Answer& answer) {
    loop.post([&loop, &store, answer] {
      if (!loop.serving()) return answer({503, "text/plain", "stopping\n"});
      if (const auto& why = loop.degraded(); !why.empty()) {
        return answer({503, "text/plain", "degraded: " + why + "\n"});
      }
      store.read([answer](StoreReader& reader) {
        const auto earliest = reader.earliest();
        if (earliest) {
          answer({200, "text/plain", "ok\n"});
        } else {
          answer({503, "text/plain", "the store fails: " + earliest.error().message + "\n"});
        }
      });
    });
  };
}

HttpServer::Page metrics_page(EventLoop& loop, std::function<StreamStats()> streams,
                              std::function<RetentionStats()> retention) {
  return [&loop, streams = std::move(streams),
          retention = std::move(retention)](const HttpServer::Answer& answer) {
    loop.post([&loop, streams, retention, answer] {
      const auto& scheduler = loop.scheduler();
      answer({200, "text/plain; version=0.0.4; charset=utf-8",
              to_prometheus_text({scheduler.stats(), loop.stats(), scheduler.epoch(), streams(),
                                  scheduler.nodes(), scheduler.zones(), scheduler.sites(),
                                  scheduler.tenants(), capacity_now(scheduler.capacity()),
                                  retention()})});
    });
  };
}

}  // namespace hearth::scheduler
