// The pages of the HTTP server: /healthz for supervisors, /metrics for Prometheus.
#pragma once

#include "scheduler/http/http_server.h"
#include "scheduler/http/metrics.h"
#include "scheduler/runtime/event_loop.h"

namespace hearth::scheduler {

// 200 "ok" when loop and store answer and changes are taken, 503 with the reason otherwise.
HttpServer::Page health_page(EventLoop& loop, Store& store);

// A snapshot taken on the loop's thread. `streams` and `retention` are
// called there.
HttpServer::Page metrics_page(EventLoop& loop, std::function<StreamStats()> streams,
                              std::function<RetentionStats()> retention);

}  // namespace hearth::scheduler
