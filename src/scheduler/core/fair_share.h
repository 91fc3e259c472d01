// What each tenant has had of the fleet, and who goes next: fair share over core-seconds, with
// decay.
//
// A tenant stands at (average + present) / weight, in cores: the average of the cores that it had,
// old ones forgotten by half in a half-life, and those that it has now. The lowest goes first. So
// tenants with work share in proportion to their weights; what one does not use the others have;
// who comes back is served first until the averages meet, with cores as they become free. Nothing
// that runs is stopped for it, so nothing flaps. (The averages as in Kay and Lauder: A fair share
// scheduler, CACM 31, 1988; to count what is held now besides is our choice: a whole fleet's worth
// may be handed out before a second has passed.)
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "common/ids.h"
#include "common/time.h"

namespace hearth::scheduler {

// What a tenant may have. Unset: as much as there is.
struct TenantLimits {
  double weight = 1;
  std::optional<int> cores_max;            // at once
  std::optional<std::uint64_t> jobs_max;   // that have not ended
  std::optional<std::uint64_t> tasks_max;  // of those jobs

  friend bool operator==(const TenantLimits&, const TenantLimits&) = default;
};

struct ShareConfig {
  Duration half_life{std::chrono::hours{24}};
  TenantLimits others;  // of tenants that are not named
  std::map<TenantId, TenantLimits> tenants;

  [[nodiscard]] const TenantLimits& limits_of(const TenantId& tenant) const {
    const auto found = tenants.find(tenant);
    return found == tenants.end() ? others : found->second;
  }
  friend bool operator==(const ShareConfig&, const ShareConfig&) = default;
};

class FairShare {
 public:
  using TenantIndex = std::uint32_t;

  explicit FairShare(ShareConfig config) : config_(std::move(config)) {}

  // The tenant's place here; of one not seen before, a new one.
  TenantIndex index_of(const TenantId& tenant);
  [[nodiscard]] std::optional<TenantIndex> find(const TenantId& tenant) const {
    const auto found = places_.find(tenant);
    return found == places_.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::size_t size() const { return tenants_.size(); }
  [[nodiscard]] const TenantId& name(TenantIndex tenant) const { return tenants_[tenant].id; }
  [[nodiscard]] const TenantLimits& limits(TenantIndex tenant) const {
    return config_.limits_of(tenants_[tenant].id);
  }
  [[nodiscard]] const ShareConfig& config() const { return config_; }

  void take(TenantIndex tenant, int cores, TimePoint now);
  void give_back(TenantIndex tenant, int cores, TimePoint now);

  // In cores, to a thousandth; the lowest goes first. Times never run backwards.
  [[nodiscard]] double standing(TenantIndex tenant, TimePoint now) const;
  [[nodiscard]] int cores(TenantIndex tenant) const { return tenants_[tenant].cores; }
  // Whether it may have so many cores more.
  [[nodiscard]] bool has_room(TenantIndex tenant, int cores) const;

  // The average alone, in cores; and setting it, for whoever keeps it over a restart.
  [[nodiscard]] double average_cores(TenantIndex tenant, TimePoint now) const;
  void restore(const TenantId& tenant, double average_cores, TimePoint now);

 private:
  struct Tenant {
    TenantId id;
    double average_cores = 0;  // at `at`
    TimePoint at{};
    int cores = 0;
  };
  void settle(Tenant& tenant, TimePoint now) const;
  [[nodiscard]] double average_at(const Tenant& tenant, TimePoint now) const;

  ShareConfig config_;
  std::map<TenantId, TenantIndex> places_;
  std::vector<Tenant> tenants_;
};

}  // namespace hearth::scheduler
