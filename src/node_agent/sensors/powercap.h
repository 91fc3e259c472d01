// The processors' energy counters and power limits (Linux powercap, intel-rapl).
//
// All packages are taken together. The counters are in microjoules and wrap at
// max_energy_range_uj; pass at least once per wrap (a minute or more at full power).
#pragma once

#include <filesystem>
#include <vector>

#include "common/result.h"
#include "common/units.h"

namespace hearth::node_agent {

class Powercap {
 public:
  // `sys` is where sysfs is mounted, normally /sys. Finds every zone named package-N.
  explicit Powercap(const std::filesystem::path& sys);

  bool found() const { return !packages_.empty(); }

  // Counted by all packages since this object was made. A counter that cannot be read adds nothing.
  Joules read();

  // Shares `limit` evenly among the packages. kFailedPrecondition where there is no writable limit
  // (AMD), kUnavailable where the kernel refused it.
  Result<> set_limit(Watts limit);

 private:
  struct Package {
    std::filesystem::path folder;
    double last_uj = 0;
    double range_uj = 0;
  };
  std::vector<Package> packages_;
  Joules total_;
};

}  // namespace hearth::node_agent
