// What a node follows when it hears no more of the scheduler.
#include "hearth/node/v1/node.pb.h"
#include "wire/checks.h"
#include "wire/node.h"

namespace hearth::wire {
namespace {

constexpr int kPlanHoursMax = 48;

void model_to_wire(const protocol::ZoneModel& model, node::v1::ZoneModel* out) {
  out->set_air_capacity_j_per_k(model.air_capacity_j_per_k);
  out->set_mass_capacity_j_per_k(model.mass_capacity_j_per_k);
  out->set_air_mass_k_per_w(model.air_mass_k_per_w);
  out->set_air_outdoor_k_per_w(model.air_outdoor_k_per_w);
  out->set_mass_outdoor_k_per_w(model.mass_outdoor_k_per_w);
  out->set_air_aperture_m2(model.air_aperture_m2);
  out->set_mass_aperture_m2(model.mass_aperture_m2);
}

Result<protocol::ZoneModel> model_from_wire(const node::v1::ZoneModel& in) {
  Checks checks("plan.model.");
  protocol::ZoneModel model;
  model.air_capacity_j_per_k = checks.positive("air_capacity_j_per_k", in.air_capacity_j_per_k());
  model.mass_capacity_j_per_k =
      checks.positive("mass_capacity_j_per_k", in.mass_capacity_j_per_k());
  model.air_mass_k_per_w = checks.positive("air_mass_k_per_w", in.air_mass_k_per_w());
  model.air_outdoor_k_per_w = checks.positive("air_outdoor_k_per_w", in.air_outdoor_k_per_w());
  model.mass_outdoor_k_per_w = checks.positive("mass_outdoor_k_per_w", in.mass_outdoor_k_per_w());
  model.air_aperture_m2 = checks.not_negative("air_aperture_m2", in.air_aperture_m2());
  model.mass_aperture_m2 = checks.not_negative("mass_aperture_m2", in.mass_aperture_m2());
  return checks.finish(model);
}

Result<protocol::PlanHour> hour_from_wire(const node::v1::PlanHour& in, int index) {
  Checks checks("plan.hours[" + std::to_string(index) + "].");
  protocol::PlanHour hour;
  hour.t_ref = Celsius{checks.finite("t_ref_c", in.t_ref_c())};
  hour.outdoor = Celsius{checks.finite("outdoor_c", in.outdoor_c())};
  hour.hold = Watts{checks.not_negative("hold_w", in.hold_w())};
  return checks.finish(hour);
}

}  // namespace

void to_wire(const protocol::ZonePlan& plan, node::v1::ZonePlan* out) {
  out->Clear();
  to_wire(plan.from, out->mutable_from());
  for (const auto& hour : plan.hours) {
    auto* added = out->add_hours();
    added->set_t_ref_c(hour.t_ref.value);
    added->set_outdoor_c(hour.outdoor.value);
    added->set_hold_w(hour.hold.value);
  }
  if (plan.model) model_to_wire(*plan.model, out->mutable_model());
}

Result<protocol::ZonePlan> from_wire(const node::v1::ZonePlan& in) {
  Checks checks("plan.");
  checks.require(in.hours_size() <= kPlanHoursMax, "hours",
                 "more than 48: " + std::to_string(in.hours_size()));
  if (const auto short_enough = checks.finish(); !short_enough) {
    return tl::unexpected(short_enough.error());
  }
  protocol::ZonePlan plan;
  plan.from = checks.time("from", in.from());
  Checks parts;
  for (int i = 0; i < in.hours_size(); ++i) {
    plan.hours.push_back(parts.take(hour_from_wire(in.hours(i), i)));
  }
  if (in.has_model()) plan.model = parts.take(model_from_wire(in.model()));
  if (const auto sound = parts.finish(); !sound) return tl::unexpected(sound.error());
  return checks.finish(std::move(plan));
}

}  // namespace hearth::wire
