#include "node_agent/sensors/powercap.h"

#include <algorithm>
#include <cmath>

#include "node_agent/sensors/sysfs.h"

namespace hearth::node_agent {
namespace {

constexpr int kPackagesMax = 8;
constexpr double kMicro = 1e-6;

}  // namespace

Powercap::Powercap(const std::filesystem::path& sys) {
  for (int i = 0; i < kPackagesMax; ++i) {
    const auto name = "package-" + std::to_string(i);
    for (const auto& folder : sysfs::find(sys / "class/powercap", "intel-rapl:", "name", name)) {
      const auto energy = sysfs::read_number(folder / "energy_uj");
      if (!energy) continue;  // readable by root only, on most systems
      const double range = sysfs::read_number(folder / "max_energy_range_uj").value_or(0);
      packages_.push_back({folder, *energy, range});
    }
  }
}

Joules Powercap::read() {
  for (auto& package : packages_) {
    const auto energy = sysfs::read_number(package.folder / "energy_uj");
    if (!energy) continue;
    double delta_uj = *energy - package.last_uj;
    if (delta_uj < 0) delta_uj += package.range_uj;
    package.last_uj = *energy;
    total_ += Joules{std::max(0.0, delta_uj) * kMicro};
  }
  return total_;
}

Result<> Powercap::set_limit(Watts limit) {
  const double share_uw = limit.value / kMicro / static_cast<double>(packages_.size());
  for (const auto& package : packages_) {
    const auto file = package.folder / "constraint_0_power_limit_uw";
    if (!sysfs::read_number(file)) {
      return fail(ErrorCode::kFailedPrecondition, file.string() + ": no power limit here");
    }
    if (auto written = sysfs::write_number(file, std::llround(share_uw)); !written) return written;
  }
  if (packages_.empty()) return fail(ErrorCode::kFailedPrecondition, "no powercap packages");
  return {};
}

}  // namespace hearth::node_agent
