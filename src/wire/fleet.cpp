#include "wire/fleet.h"

#include "hearth/fleet/v1/fleet.pb.h"
#include "wire/checks.h"

namespace hearth::wire {

using protocol::Quality;
using protocol::SetpointMode;
using protocol::SetpointOrigin;

void to_wire(const protocol::Holiday& holiday, fleet::v1::Holiday* out) {
  out->set_away_c(holiday.away.value);
  to_wire(holiday.from, out->mutable_from());
  to_wire(holiday.until, out->mutable_until());
}

Result<protocol::Holiday> from_wire(const fleet::v1::Holiday& in) {
  Checks checks("holiday.");
  protocol::Holiday holiday;
  holiday.away = Celsius{checks.finite("away_c", in.away_c())};
  if (in.has_from()) holiday.from = checks.time("from", in.from());
  checks.require(in.has_until(), "until", "missing");
  holiday.until = checks.time("until", in.until());
  return checks.finish(std::move(holiday));
}

void to_wire(const protocol::Setpoint& setpoint, fleet::v1::Setpoint* out) {
  out->Clear();
  out->set_mode(static_cast<fleet::v1::SetpointMode>(static_cast<int>(setpoint.mode) + 1));
  out->set_setpoint_c(setpoint.value.value);
  for (const auto& step : setpoint.programme) {
    auto* added = out->add_programme();
    added->set_minute_of_week(static_cast<unsigned>(step.minute_of_week));
    added->set_setpoint_c(step.setpoint.value);
  }
  out->set_revision(setpoint.revision.counter);
  out->set_origin(
      static_cast<fleet::v1::SetpointOrigin>(static_cast<int>(setpoint.revision.origin) + 1));
  if (setpoint.holiday) to_wire(*setpoint.holiday, out->mutable_holiday());
}

Result<protocol::Setpoint> from_wire(const fleet::v1::Setpoint& in) {
  Checks checks("setpoint.");
  protocol::Setpoint setpoint;
  setpoint.mode = checks.enumerator("mode", in.mode(), SetpointMode::kProgramme);
  setpoint.value = Celsius{checks.finite("setpoint_c", in.setpoint_c())};
  for (const auto& step : in.programme()) {
    setpoint.programme.push_back(
        {checks.integer("programme.minute_of_week", step.minute_of_week()),
         Celsius{checks.finite("programme.setpoint_c", step.setpoint_c())}});
  }
  setpoint.revision.counter = in.revision();
  if (in.origin() != fleet::v1::SETPOINT_ORIGIN_UNSPECIFIED) {
    setpoint.revision.origin = checks.enumerator("origin", in.origin(), SetpointOrigin::kLocal);
  }
  if (const auto readable = checks.finish(); !readable) return tl::unexpected(readable.error());
  if (in.has_holiday()) {
    HEARTH_TRY(holiday, from_wire(in.holiday()));
    setpoint.holiday = holiday;
  }
  checks.add(problems_of(setpoint));
  return checks.finish(std::move(setpoint));
}

void to_wire(const protocol::Reading& reading, fleet::v1::Reading* out) {
  out->set_value(reading.value);
  out->set_quality(static_cast<fleet::v1::Quality>(static_cast<int>(reading.quality) + 1));
}

Result<protocol::Reading> from_wire(const fleet::v1::Reading& in) {
  Checks checks;
  protocol::Reading reading;
  reading.value = checks.finite("value", in.value());
  if (in.quality() != fleet::v1::QUALITY_UNSPECIFIED) {
    reading.quality = checks.enumerator("quality", in.quality(), Quality::kGood);
  }
  return checks.finish(std::move(reading));
}

void to_wire(const protocol::EnergyLedger& ledger, fleet::v1::EnergyLedger* out) {
  out->set_boot_id(ledger.boot_id);
  out->set_attempts_j(ledger.attempts.value);
  out->set_filler_j(ledger.filler.value);
  out->set_idle_j(ledger.idle.value);
  out->set_resistance_j(ledger.resistance.value);
  out->set_meter_j(ledger.meter.value);
}

Result<protocol::EnergyLedger> from_wire(const fleet::v1::EnergyLedger& in) {
  Checks checks("energy.");
  protocol::EnergyLedger ledger;
  ledger.boot_id = in.boot_id();
  ledger.attempts = Joules{checks.finite("attempts_j", in.attempts_j())};
  ledger.filler = Joules{checks.finite("filler_j", in.filler_j())};
  ledger.idle = Joules{checks.finite("idle_j", in.idle_j())};
  ledger.resistance = Joules{checks.finite("resistance_j", in.resistance_j())};
  ledger.meter = Joules{checks.finite("meter_j", in.meter_j())};
  return checks.finish(std::move(ledger));
}

fleet::v1::NodeKind to_wire(protocol::NodeKind kind) {
  return static_cast<fleet::v1::NodeKind>(static_cast<int>(kind) + 1);
}

Result<protocol::NodeKind> from_wire(fleet::v1::NodeKind kind) {
  Checks checks;
  const auto known = checks.enumerator("kind", kind, protocol::NodeKind::kBoiler);
  return checks.finish(known);
}

}  // namespace hearth::wire
