#include "scheduler/http/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace hearth::scheduler {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Page {
 public:
  void begin(MetricType type, const std::string& name, const std::string& help) {
    families_.push_back({"hearth_" + name, help, type, {}});
  }

  void add(double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = value;
    metric.gauge.value = value;
    families_.back().metric.push_back(std::move(metric));
  }
  void add(std::uint64_t value, Labels labels = {}) {
    add(static_cast<double>(value), std::move(labels));
  }

  void counter(const std::string& name, const std::string& help, std::uint64_t value) {
    begin(MetricType::Counter, name, help);
    add(value);
  }
  void gauge(const std::string& name, const std::string& help, std::uint64_t value) {
    begin(MetricType::Gauge, name, help);
    add(value);
  }

  void histogram(const std::string& name, const std::string& help,
                 const DurationHistogram& durations) {
    begin(MetricType::Histogram, name, help);
    ClientMetric metric;
    auto& out = metric.histogram;
    for (std::size_t i = 0; i < durations.counts().size(); ++i) {
      out.sample_count += durations.counts()[i];
      const auto bound = i < DurationHistogram::kUpperBounds.size()
                             ? DurationHistogram::kUpperBounds[i]
                             : std::numeric_limits<double>::infinity();
      out.bucket.push_back({out.sample_count, bound});
    }
    out.sample_sum = durations.sum_s();
    families_.back().metric.push_back(std::move(metric));
  }

  [[nodiscard]] std::string text() const {
    return prometheus::TextSerializer{}.Serialize(families_);
  }

 private:
  std::vector<MetricFamily> families_;
};

std::string lower(std::string_view name) {
  std::string text{name};
  for (auto& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

void add_work(Page& page, const Metrics& m) {
  page.begin(MetricType::Gauge, "jobs", "Jobs that have not ended.");
  page.add(m.core.jobs_active, {{"state", "active"}});
  page.counter("jobs_accepted_total", "Jobs accepted since the start.", m.loop.jobs_accepted);
  page.begin(MetricType::Counter, "jobs_ended_total", "Jobs that ended since the start.");
  for (const auto& [state, count] : m.loop.jobs_ended) {
    page.add(count, {{"state", lower(to_string(state))}});
  }
  page.begin(MetricType::Gauge, "tasks",
             "Tasks of active jobs; unknown ones wait for what agents say after a restart.");
  page.add(m.core.tasks_pending, {{"state", "pending"}});
  page.add(m.core.tasks_running, {{"state", "running"}});
  page.add(m.core.tasks_unknown, {{"state", "unknown"}});
  page.begin(MetricType::Gauge, "tasks_waiting",
             "Tasks that wait, by for what: a node that takes them, the delay before a retry, word "
             "from nodes after a restart, somebody who holds the job, jobs that it is to run "
             "after, a paused queue, "
             "the disk, or heat and a core on the node that has them.");
  const auto known = m.core.tasks_available + m.core.tasks_held_back + m.core.tasks_unknown +
                     m.core.tasks_on_hold + m.core.tasks_after + m.core.tasks_paused;
  std::uint64_t leased = 0;
  for (const auto& node : m.nodes) leased += node.tasks_waiting;
  page.add(m.core.tasks_available, {{"reason", "placement"}});
  page.add(m.core.tasks_held_back, {{"reason", "retry"}});
  page.add(m.core.tasks_unknown, {{"reason", "unknown"}});
  page.add(m.core.tasks_on_hold, {{"reason", "hold"}});
  page.add(m.core.tasks_after, {{"reason", "dependency"}});
  page.add(m.core.tasks_paused, {{"reason", "paused"}});
  page.add(m.core.tasks_pending > known ? m.core.tasks_pending - known : 0, {{"reason", "commit"}});
  page.add(leased, {{"reason", "node"}});
  page.begin(MetricType::Counter, "tasks_ended_total", "Tasks that ended since the start.");
  for (const auto& [state, count] : m.loop.tasks_ended) {
    page.add(count, {{"state", lower(protocol::to_string(state))}});
  }
  page.counter("attempts_granted_total", "Attempts handed out.", m.core.attempts_granted);
  page.begin(MetricType::Counter, "attempts_retried_total",
             "Attempts that did not succeed and were tried again, by why.");
  for (std::size_t i = 1; i < m.core.attempts_retried.size(); ++i) {
    const auto failure = static_cast<protocol::FailureClass>(i);
    page.add(m.core.attempts_retried[i], {{"class", lower(protocol::to_string(failure))}});
  }
  page.histogram("dispatch_duration_seconds",
                 "From handing a task to a node until it began there: inputs, heat, a free core.",
                 m.core.dispatch);
  page.counter("results_accepted_total", "Results committed.", m.core.results_accepted);
  page.counter("results_superseded_total", "Results dropped: another attempt was first.",
               m.core.results_superseded);
}

void add_tenants(Page& page, const Metrics& m) {
  const auto gauge = [&](const char* name, const char* help, auto value) {
    page.begin(MetricType::Gauge, name, help);
    for (const auto& tenant : m.tenants) {
      page.add(static_cast<double>(value(tenant)), {{"tenant", tenant.tenant.value}});
    }
  };
  gauge("tenant_cores", "Cores that a tenant has now.", [](const auto& t) { return t.cores; });
  gauge("tenant_average_cores", "Cores that it had on average, see share_half_life_s.",
        [](const auto& t) { return t.average_cores; });
  gauge("tenant_standing_cores", "Of the tenants that wait the lowest goes first.",
        [](const auto& t) { return t.standing; });
  gauge("tenant_tasks_waiting", "Tasks of it that may start now.",
        [](const auto& t) { return t.tasks_waiting; });
}

void add_fleet(Page& page, const Metrics& m) {
  page.begin(MetricType::Gauge, "nodes", "Nodes by state.");
  page.add(m.core.nodes_online, {{"state", "online"}});
  page.add(m.core.nodes_silent, {{"state", "silent"}});
  page.add(m.core.nodes_lost, {{"state", "lost"}});

  page.begin(MetricType::Gauge, "node_power_watts", "Electric power now.");
  for (const auto& node : m.nodes) {
    if (node.telemetry.power_w.quality != protocol::Quality::kGood) continue;
    page.add(node.telemetry.power_w.value, {{"node", node.facts.node.value}});
  }
  page.begin(MetricType::Gauge, "node_power_wanted_watts",
             "What the room or tank would take now, after all limits.");
  for (const auto& node : m.nodes) {
    page.add(node.telemetry.power_wanted.value, {{"node", node.facts.node.value}});
  }
  page.begin(MetricType::Gauge, "node_safe_mode",
             "1: the sensor of the room is lost or implausible.");
  for (const auto& node : m.nodes) {
    page.add(node.telemetry.safe_mode ? 1.0 : 0.0, {{"node", node.facts.node.value}});
  }
  page.begin(MetricType::Gauge, "node_tripped", "1: a latched trip inhibits heat.");
  for (const auto& node : m.nodes) {
    page.add(node.telemetry.tripped ? 1.0 : 0.0, {{"node", node.facts.node.value}});
  }
  page.begin(MetricType::Gauge, "tank_hygiene_due_seconds",
             "Until the next lift against legionella must have ended; of nodes with a tank.");
  for (const auto& node : m.nodes) {
    if (!node.telemetry.tank) continue;
    page.add(to_seconds(node.telemetry.tank->hygiene_due_in), {{"node", node.facts.node.value}});
  }
  page.begin(MetricType::Counter, "node_energy_joules_total",
             "Energy since the node's boot, by what it was spent on.");
  for (const auto& node : m.nodes) {
    const auto& energy = node.telemetry.energy;
    const auto add = [&](const char* cause, Joules amount) {
      page.add(amount.value, {{"node", node.facts.node.value}, {"cause", cause}});
    };
    add("attempts", energy.attempts);
    add("filler", energy.filler);
    add("idle", energy.idle);
    add("resistance", energy.resistance);
  }
}

void add_zones(Page& page, const Metrics& m) {
  page.begin(MetricType::Gauge, "zone_temperature_celsius", "Measured air temperature.");
  for (const auto& zone : m.zones) {
    if (zone.temperature_c.quality != protocol::Quality::kGood) continue;
    page.add(zone.temperature_c.value, {{"zone", zone.zone.value}});
  }
  page.begin(MetricType::Gauge, "zone_sensor_trusted",
             "0: the zone's thermometer is missing, silent or implausible.");
  for (const auto& zone : m.zones) {
    const bool trusted = zone.temperature_c.quality == protocol::Quality::kGood;
    page.add(trusted ? 1.0 : 0.0, {{"zone", zone.zone.value}});
  }
  page.begin(MetricType::Gauge, "zone_reference_celsius", "What the zone should have now.");
  for (const auto& zone : m.zones) page.add(zone.t_ref.value, {{"zone", zone.zone.value}});
  page.begin(MetricType::Gauge, "zone_setpoint_celsius", "What the resident set; absent: OFF.");
  for (const auto& zone : m.zones) {
    if (zone.setpoint_now) page.add(zone.setpoint_now->value, {{"zone", zone.zone.value}});
  }
}

// How far the zones are from their setpoints, warmer above 0; those whose temperature is known.
std::vector<double> temperature_errors(const std::vector<ZoneView>& zones) {
  std::vector<double> errors;
  for (const auto& zone : zones) {
    if (zone.temperature_c.quality != protocol::Quality::kGood || !zone.setpoint_now) continue;
    errors.push_back(zone.temperature_c.value - zone.setpoint_now->value);
  }
  std::sort(errors.begin(), errors.end());
  return errors;
}

void add_quantiles(Page& page, const CapacityQuantiles& quantiles) {
  page.add(quantiles.p5, {{"percentile", "5"}});
  page.add(quantiles.p50, {{"percentile", "50"}});
  page.add(quantiles.p95, {{"percentile", "95"}});
}

void add_heat(Page& page, const Metrics& m) {
  const auto count = [&](auto is) {
    return static_cast<double>(std::count_if(m.zones.begin(), m.zones.end(), is));
  };
  const double alarms = count([](const ZoneView& zone) { return zone.heat.alarm; });
  const double accepted =
      count([](const ZoneView& zone) { return zone.heat.model && zone.heat.model->accepted; });
  const double refused =
      count([](const ZoneView& zone) { return zone.heat.model && !zone.heat.model->accepted; });
  const auto zones = static_cast<double>(m.zones.size());
  page.begin(MetricType::Gauge, "zones", "Zones by alarm: cold ones need somebody to look.");
  page.add(alarms, {{"alarm", "cold"}});
  page.add(zones - alarms, {{"alarm", "none"}});
  page.begin(MetricType::Gauge, "zone_models", "Zones by what was learned of them.");
  page.add(accepted, {{"state", "accepted"}});
  page.add(refused, {{"state", "refused"}});
  page.add(zones - accepted - refused, {{"state", "none"}});
  page.begin(MetricType::Gauge, "zones_temperature_error_kelvin",
             "Temperature less setpoint, quantiles over the zones that are not OFF.");
  const auto errors = temperature_errors(m.zones);
  for (const int percentile : {5, 50, 95}) {
    if (errors.empty()) break;
    const auto at = std::lround(percentile / 100.0 * static_cast<double>(errors.size() - 1));
    page.add(errors[static_cast<std::size_t>(at)], {{"percentile", std::to_string(percentile)}});
  }
  page.begin(MetricType::Gauge, "work_pressure_ratio",
             "Work for the heat that is wanted: -1 none in sight, 0 enough, 1 it queues.");
  page.add(m.core.pressure);
  page.begin(MetricType::Gauge, "capacity_power_watts",
             "Power that the zones can take this hour, as forecast; absent: no forecast.");
  if (m.capacity_now) add_quantiles(page, m.capacity_now->power_w);
  page.begin(MetricType::Gauge, "capacity_cores",
             "Cores at full speed that this power pays for; absent: no forecast.");
  if (m.capacity_now) add_quantiles(page, m.capacity_now->cores);
}

void add_sites(Page& page, const Metrics& m) {
  page.begin(MetricType::Gauge, "site_power_watts", "Electric power now, of a building's nodes.");
  for (const auto& site : m.sites) page.add(site.power.value, {{"site", site.site.value}});
  page.begin(MetricType::Gauge, "site_breaker_watts",
             "What the building's breaker leaves to us, the reserve for others taken off; absent: "
             "no limit known.");
  for (const auto& site : m.sites) {
    if (site.breaker) page.add((*site.breaker - site.reserve).value, {{"site", site.site.value}});
  }
  page.begin(MetricType::Gauge, "site_cap_watts", "An operator's cap; absent: none.");
  for (const auto& site : m.sites) {
    if (site.cap) page.add(site.cap->power.value, {{"site", site.site.value}});
  }
  page.begin(MetricType::Gauge, "site_heat_today_joules", "Heat given since midnight UTC.");
  for (const auto& site : m.sites) page.add(site.heat_today.value, {{"site", site.site.value}});
  page.begin(MetricType::Gauge, "site_daily_heat_joules", "Heat promised a day; absent: none.");
  for (const auto& site : m.sites) {
    if (site.daily_heat.value > 0) page.add(site.daily_heat.value, {{"site", site.site.value}});
  }
}

void add_certificates(Page& page, const StreamStats& m) {
  if (!m.tls_not_after) return;
  page.begin(MetricType::Gauge, "tls_certificate_not_after_timestamp_seconds",
             "When the certificate that we serve ends.");
  page.add(to_seconds(m.tls_not_after->time_since_epoch()));
  page.begin(MetricType::Counter, "node_certificates_total",
             "Requests of agents for a certificate, by what became of them.");
  page.add(static_cast<double>(m.certificates_enrolled), {{"result", "enrolled"}});
  page.add(static_cast<double>(m.certificates_renewed), {{"result", "renewed"}});
  page.add(static_cast<double>(m.certificates_refused), {{"result", "refused"}});
  page.gauge("revocations", "Certificates, and owners of some, that are not believed.",
             m.revocations);
  if (!m.issuer_not_after) return;
  page.begin(MetricType::Gauge, "tls_issuer_not_after_timestamp_seconds",
             "When the issuer of nodes' certificates ends.");
  page.add(to_seconds(m.issuer_not_after->time_since_epoch()));
}

void add_loop(Page& page, const Metrics& m) {
  page.histogram("apply_duration_seconds", "The core's time for one event.", m.loop.apply);
  page.histogram("commit_duration_seconds", "From handing a batch to the store to durable.",
                 m.loop.commit);
  page.gauge("inbox_bytes", "What callers sent and the loop has not taken.", m.loop.inbox_bytes);
  page.gauge("commit_backlog_bytes", "Facts that are not durable yet.", m.loop.backlog_bytes);
  page.gauge("sequence", "Number of the last fact.", m.loop.last_seq);
  page.gauge("durable_sequence", "Number of the last durable fact.", m.loop.durable_seq);
  page.gauge("degraded", "1: everything can be seen and nothing changed, the disk is full.",
             std::uint64_t{m.loop.degraded});
  page.gauge("epoch", "How often this store was started.", m.epoch);
  page.gauge("sessions", "Agents' streams that are open.", std::uint64_t{m.streams.open});
  page.gauge("outbox_bytes", "What agents have not taken of what we said.",
             std::uint64_t{m.streams.outbox_bytes});
  page.gauge("outbox_bytes_max", "The same of the agent that lags most.",
             std::uint64_t{m.streams.outbox_bytes_max});
  page.counter("tls_reload_failures_total", "Changed certificate files that were refused.",
               m.streams.tls_reload_failures);
  add_certificates(page, m.streams);
  page.begin(MetricType::Gauge, "build_info", "Always 1.");
  page.add(1.0, {{"version", HEARTH_VERSION}});
}

void add_retention(Page& page, const Metrics& m) {
  const auto& kept = m.retention;
  page.gauge("store_bytes", "Size of the database, as retention found it last.",
             kept.store.file_bytes);
  page.gauge("store_used_bytes", "Of these, those in use; retention.store_size_max_bytes caps it.",
             kept.store.used_bytes);
  page.gauge("artifacts", "Artifacts stored.", kept.artifacts);
  page.gauge("artifact_bytes", "Their size; retention.artifacts_size_max_bytes caps it.",
             kept.artifact_bytes);
  page.begin(MetricType::Gauge, "retained", "What the database keeps.");
  page.add(kept.store.jobs_ended, {{"kind", "ended_job"}});
  page.add(kept.store.events, {{"kind", "event"}});
  page.add(kept.store.requests, {{"kind", "request_id"}});
  page.begin(MetricType::Counter, "retention_deleted_total",
             "What was deleted because its keep time was over or a cap was reached.");
  page.add(kept.jobs_deleted, {{"kind", "job"}});
  page.add(kept.rows_deleted, {{"kind", "job_row"}});
  page.add(kept.events_deleted, {{"kind", "event"}});
  page.add(kept.artifacts_deleted, {{"kind", "artifact"}});
}

}  // namespace

std::string to_prometheus_text(const Metrics& metrics) {
  Page page;
  add_work(page, metrics);
  add_tenants(page, metrics);
  add_fleet(page, metrics);
  add_zones(page, metrics);
  add_heat(page, metrics);
  add_sites(page, metrics);
  add_loop(page, metrics);
  add_retention(page, metrics);
  return page.text();
}

}  // namespace hearth::scheduler
