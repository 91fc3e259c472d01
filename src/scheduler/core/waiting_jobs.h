// The jobs that have something to hand out, in the order in which they go, and filed by what they
// ask of a node: a node that takes only short work finds the first of it behind any number of long
// ones.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "scheduler/core/fair_share.h"
#include "scheduler/core/feasible.h"

namespace hearth::scheduler {

// Soonest first: by priority, then by when a job is due.
struct JobOrder {
  int minus_priority = 0;
  UtcTime due{};
  JobId job;

  friend auto operator<=>(const JobOrder&, const JobOrder&) = default;
};

class WaitingJobs {
 public:
  // Files the job, or files it anew where its shape is another one now. True if it was not waiting.
  bool insert(const JobOrder& order, const Shape& shape, FairShare::TenantIndex tenant);
  void erase(JobId job);

  [[nodiscard]] bool empty() const { return orders_.empty(); }
  [[nodiscard]] std::size_t size() const { return orders_.size(); }
  [[nodiscard]] auto begin() const { return orders_.begin(); }
  [[nodiscard]] auto end() const { return orders_.end(); }

  using Shapes = std::map<Shape, std::set<JobOrder>>;        // none is empty
  using Tenants = std::map<FairShare::TenantIndex, Shapes>;  // nor of these
  [[nodiscard]] const Tenants& tenants() const { return tenants_; }

 private:
  struct Filed {
    JobOrder order;
    Shape shape;
    FairShare::TenantIndex tenant = 0;
  };
  void erase_from_shape(const Filed& filed);

  std::set<JobOrder> orders_;
  std::map<JobId, Filed> filed_;
  Tenants tenants_;
};

// Goes through the first of every shape, those of the tenant that stands lowest first, soonest
// first; the next of the same shape follows only after it was asked for. What was gone through may
// leave the waiting jobs meanwhile.
class ShapeWalk {
 public:
  // Only shapes whose remaining work is known and at most `longest`, where that is not zero.
  // Of tenants without a standing nothing.
  using Standings = std::map<FairShare::TenantIndex, double>;
  ShapeWalk(const WaitingJobs& waiting, Duration longest, const Standings& standings);

  [[nodiscard]] bool done() const { return fronts_.empty(); }
  [[nodiscard]] const JobOrder& order() const { return fronts_.front().order; }
  [[nodiscard]] const Shape& shape() const { return fronts_.front().shape; }
  [[nodiscard]] FairShare::TenantIndex tenant() const { return fronts_.front().tenant; }
  void next_of_shape();  // goes on, and comes back to this shape
  void skip_shape();     // goes on, and is done with this shape

 private:
  struct Front {
    double standing = 0;
    JobOrder order;
    Shape shape;
    FairShare::TenantIndex tenant = 0;
  };
  static bool later(const Front& a, const Front& b) {
    return std::tie(b.standing, b.order) < std::tie(a.standing, a.order);
  }

  const WaitingJobs& waiting_;
  std::vector<Front> fronts_;  // a heap
};

}  // namespace hearth::scheduler
