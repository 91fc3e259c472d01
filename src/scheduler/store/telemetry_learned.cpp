#include "scheduler/store/telemetry_learned.h"

#include <map>

namespace hearth::scheduler {
namespace {

std::int64_t to_ms(UtcTime time) {
  return time.time_since_epoch().count();
}

Result<> write(Database& database, const NodeTelemetry& node, UtcTime at) {
  const auto& learned = node.learned;
  const auto& heat = node.heat;
  return database
      .statement("INSERT OR REPLACE INTO node_learning VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)")
      .run(node.node.value, learned.idle_w.value, learned.idle_w.count, learned.max_w.value,
           learned.max_w.count, learned.slope_top, learned.slope_bottom, learned.slope_count,
           to_ms(at), heat.day, heat.given.value, heat.boot_id, heat.meter.value);
}

Result<> write(Database& database, const RunTimes::Row& row, UtcTime at) {
  return database.statement("INSERT OR REPLACE INTO run_times VALUES (?,?,?,?,?,?,?)")
      .run(static_cast<int>(row.of), row.tenant.value, row.name, row.moments.mean,
           row.moments.variance, row.moments.weight, to_ms(at));
}

Result<> write(Database& database, const ZoneId& zone, const ZoneKnowledge& knowledge, UtcTime at) {
  const auto& capacity = knowledge.capacity;
  const auto& tank = knowledge.tank;
  auto done =
      database.statement("INSERT OR REPLACE INTO zone_learning VALUES (?,?,?,?,?,?)")
          .run(zone.value, static_cast<double>(capacity.bias), static_cast<double>(capacity.std),
               capacity.days, tank ? std::optional{tank->half_hours} : std::nullopt, to_ms(at));
  if (!done || !tank) return done;
  for (std::size_t i = 0; i < tank->draws.size() && done; ++i) {
    const auto& draw = tank->draws[i];
    done = database.statement("INSERT OR REPLACE INTO tank_draws VALUES (?,?,?,?,?)")
               .run(zone.value, i, draw.mean_j, draw.variance_j2, draw.count);
  }
  return done;
}

Result<> write(Database& database, const FleetCapacityError::State& fleet) {
  return database.statement("INSERT OR REPLACE INTO fleet_learning VALUES (1,?,?,?,?)")
      .run(fleet.bias, fleet.widening.low, fleet.widening.high, fleet.days);
}

Result<> write(Database& database, const TenantShare& share) {
  return database.statement("INSERT OR REPLACE INTO tenant_shares VALUES (?,?,?)")
      .run(share.tenant.value, share.average_cores, to_ms(share.at));
}

Result<> read_nodes(Database& database, TelemetryRestored& restored) {
  return database
      .statement(
          "SELECT node, idle_w, idle_count, max_w, max_count, slope_top, slope_bottom,"
          " slope_count, heat_day, heat_j, meter_boot, meter_j FROM node_learning")
      .each([&](Row row) -> Result<bool> {
        auto& node = restored.nodes.emplace_back();
        auto& learned = node.learned;
        node.node = NodeId{row.text()};
        learned.idle_w.value = row.real();
        learned.idle_w.count = static_cast<int>(row.integer());
        learned.max_w.value = row.real();
        learned.max_w.count = static_cast<int>(row.integer());
        learned.slope_top = row.real();
        learned.slope_bottom = row.real();
        learned.slope_count = static_cast<int>(row.integer());
        node.heat.day = row.integer();
        node.heat.given = Joules{row.real()};
        node.heat.boot_id = row.text();
        node.heat.meter = Joules{row.real()};
        return true;
      });
}

Result<> read_run_times(Database& database, TelemetryRestored& restored) {
  return database.statement("SELECT kind, tenant, name, mean, variance, weight FROM run_times")
      .each([&](Row row) -> Result<bool> {
        const auto kind = row.integer();
        RunTimes::Row one;
        one.tenant = TenantId{row.text()};
        one.name = row.text();
        one.moments = {row.real(), row.real(), row.real()};
        if (kind < 0 || kind > static_cast<int>(RunTimes::Of::kEstimate)) return true;
        one.of = static_cast<RunTimes::Of>(kind);
        restored.run_times.push_back(std::move(one));
        return true;
      });
}

using Draws = std::map<std::string, thermal::DrawPattern::Slots>;

Result<Draws> read_draws(Database& database) {
  Draws draws;
  auto read =
      database.statement("SELECT zone, half_hour, mean_j, variance_j2, count FROM tank_draws")
          .each([&](Row row) -> Result<bool> {
            auto& slots = draws[row.text()];
            const auto half_hour = row.number();
            if (half_hour >= slots.size()) return true;
            auto& slot = slots[half_hour];
            slot.mean_j = row.real();
            slot.variance_j2 = row.real();
            slot.count = static_cast<int>(row.integer());
            return true;
          });
  if (!read) return tl::unexpected(read.error());
  return draws;
}

Result<> read_zones(Database& database, TelemetryRestored& restored) {
  HEARTH_TRY(draws, read_draws(database));
  return database
      .statement(
          "SELECT zone, capacity_bias, capacity_std, capacity_days, tank_half_hours"
          " FROM zone_learning")
      .each([&](Row row) -> Result<bool> {
        auto& zone = restored.zones.emplace_back();
        zone.zone = ZoneId{row.text()};
        auto& knowledge = zone.learned.emplace();
        knowledge.capacity.bias = static_cast<float>(row.real());
        knowledge.capacity.std = static_cast<float>(row.real());
        knowledge.capacity.days = static_cast<int>(row.integer());
        if (row.next_is_null()) return true;
        knowledge.tank = {draws[zone.zone.value], static_cast<int>(row.integer())};
        return true;
      });
}

Result<> read_fleet(Database& database, TelemetryRestored& restored) {
  return database
      .statement("SELECT capacity_bias, widen_low, widen_high, capacity_days FROM fleet_learning")
      .each([&](Row row) -> Result<bool> {
        auto& fleet = restored.fleet_capacity.emplace();
        fleet.bias = row.real();
        fleet.widening.low = row.real();
        fleet.widening.high = row.real();
        fleet.days = static_cast<int>(row.integer());
        return true;
      });
}

Result<> read_shares(Database& database, TelemetryRestored& restored) {
  return database.statement("SELECT tenant, average_cores, at_ms FROM tenant_shares")
      .each([&](Row row) -> Result<bool> {
        auto& share = restored.shares.emplace_back();
        share.tenant = TenantId{row.text()};
        share.average_cores = row.real();
        share.at = UtcTime{Duration{row.integer()}};
        return true;
      });
}

}  // namespace

Result<> write_learned(Database& database, const TelemetryBatch& batch) {
  Result<> done;
  for (const auto& node : batch.nodes) {
    if (done) done = write(database, node, batch.at);
  }
  for (const auto& row : batch.run_times) {
    if (done) done = write(database, row, batch.at);
  }
  for (const auto& zone : batch.zones) {
    if (done && zone.learned) done = write(database, zone.zone, *zone.learned, batch.at);
  }
  if (done && batch.fleet_capacity) done = write(database, *batch.fleet_capacity);
  for (const auto& share : batch.shares) {
    if (done) done = write(database, share);
  }
  return done;
}

Result<TelemetryRestored> read_learned(Database& database) {
  TelemetryRestored restored;
  Result<> read;
  for (auto* part : {read_nodes, read_run_times, read_zones, read_fleet, read_shares}) {
    if (read) read = part(database, restored);
  }
  if (!read) return tl::unexpected(read.error());
  return restored;
}

Result<> forget_learned(Database& database, UtcTime before) {
  Result<> done;
  for (const auto* sql :
       {"DELETE FROM node_learning WHERE at_ms < ?", "DELETE FROM run_times WHERE at_ms < ?",
        "DELETE FROM tank_draws WHERE zone IN (SELECT zone FROM zone_learning WHERE at_ms < ?)",
        "DELETE FROM zone_learning WHERE at_ms < ?", "DELETE FROM tenant_shares WHERE at_ms < ?"}) {
    if (done) done = database.statement(sql).run(to_ms(before));
  }
  return done;
}

}  // namespace hearth::scheduler
