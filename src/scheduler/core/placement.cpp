#include <algorithm>

#include "scheduler/core/impl.h"

namespace hearth::scheduler {
namespace {

// Looks per apply(); what is left stays dirty and the next turn goes on.
constexpr int kJobsPerTurn = 32;
constexpr int kJobsPerNode = 64;
constexpr int kJobsPerFullNode = 4;  // of these only short tasks are leased ahead
constexpr int kNodesPerTurn = 64;
constexpr int kLooksPerJob = 512;
constexpr std::size_t kCandidatesPerTurn = 64;

// Tasks that are short enough at P90 to be leased ahead by the chunk are so in the middle, too.
constexpr int kShortAtP90 = 8;

// Whatever is alike and takes longer is refused as well.
bool is_refused(const Shape& shape, const std::vector<Shape>& refused) {
  return std::ranges::any_of(refused, [&shape](const Shape& other) {
    Shape as_long = shape;
    as_long.remaining_p90 = other.remaining_p90;
    const bool longer =
        other.remaining_p90 > Duration{} && shape.remaining_p90 >= other.remaining_p90;
    return as_long == other && (longer || shape == other);
  });
}

bool is_resting(const NodeRecord& node, const Shape& shape, TimePoint now) {
  return now < node.gave_back_until[static_cast<std::size_t>(shape.service_class)];
}

}  // namespace

// How many cores' worth of this job may be leased beyond what runs at once: short tasks are leased
// a chunk ahead so that no slot waits for a round trip; long ones never, so that they go where the
// heat is wanted when it is.
int Scheduler::Impl::cores_ahead(const JobRecord& job, const NodeRecord& node) const {
  const Duration typical = job.typical_run_time();
  if (typical <= Duration::zero() || typical >= config.chunk_target) return 0;
  const auto per_core = std::min<std::int64_t>(config.chunk_max, config.chunk_target / typical);
  const auto wanted = static_cast<std::int64_t>(node.facts.cores) * per_core;
  // At the end of a job nobody hoards what others could start at once.
  const auto fleet = static_cast<std::int64_t>(std::max<std::size_t>(1, ranked.size()));
  const auto fair = (static_cast<std::int64_t>(job.available()) + fleet - 1) / fleet;
  return static_cast<int>(std::min(wanted, fair * job.spec().resources.cores));
}

// What placement asks for a task of this job: with prediction, also that the room bears its P90
// remaining work. Where work queues, a room that bears it for half an hour will do: a frozen task
// loses nothing but time, and waiting for a better room costs more (choice).
Shape Scheduler::Impl::shape_of_job(const protocol::JobSpec& spec, Duration run_time_p90) const {
  constexpr Duration kQueued = std::chrono::minutes{30};
  constexpr double kMuch = 0.7;
  if (!config.heat.prediction) return shape_of(spec);
  Shape shape = shape_of(spec, run_time_p90);
  if (pressure.value() > kMuch) shape.least_runway = kQueued;
  return shape;
}

void Scheduler::Impl::place() {
  for (int turn = 0; turn < kJobsPerTurn && !dirty_jobs.empty(); ++turn) {
    const JobId id = *dirty_jobs.begin();
    dirty_jobs.erase(dirty_jobs.begin());
    place_job(id);
  }
  if (waiting_jobs.empty()) return dirty_nodes.clear();
  std::vector<std::pair<Rank, NodeIndex>> turn;
  for (const auto index : dirty_nodes) turn.emplace_back(nodes[index].rank, index);
  std::ranges::sort(turn);
  if (turn.size() > kNodesPerTurn) turn.resize(kNodesPerTurn);
  for (const auto& [rank, index] : turn) {
    dirty_nodes.erase(index);
    fill_node(index);
  }
}

// The nodes in rank order on which a task of this shape may start now, or be leased ahead; not more
// than `most`, and not looking on for ever.
std::vector<NodeIndex> Scheduler::Impl::candidates_for(const JobRecord& job, const Shape& shape,
                                                       std::size_t most) const {
  std::vector<NodeIndex> candidates;
  int looks = 0;
  for (const auto& [rank, index] : ranked) {
    if (candidates.size() >= most || ++looks > kLooksPerJob) break;
    const int ahead = cores_ahead(job, nodes[index]);
    if (rank.group == Rank::kFull && ahead == 0) break;
    if (is_resting(nodes[index], shape, now)) continue;
    if (failing(nodes[index], shape, config.band, ahead).none()) candidates.push_back(index);
  }
  return candidates;
}

// Over what waits, the tenant that stands lowest first; none that has all that it may have.
ShapeWalk Scheduler::Impl::walk(Duration longest) const {
  ShapeWalk::Standings standings;
  for (const auto& [tenant, shapes] : waiting_jobs.tenants()) {
    if (shares.has_room(tenant, 1)) standings[tenant] = shares.standing(tenant, now);
  }
  return {waiting_jobs, longest, standings};
}

// Offers one job to the nodes in rank order: first what can run at once, then chunks ahead. A node
// that got a task takes its new place among the others. Jobs that go before it are offered a node
// first.
void Scheduler::Impl::place_job(JobId id) {
  const auto found = jobs.find(id);
  if (found == jobs.end() || found->second.available() == 0) return;
  auto& job = found->second;
  const Shape shape = shape_of_job(job.spec(), job.run_time_p90());
  const auto most = std::min<std::uint64_t>(job.available(), kCandidatesPerTurn);
  const auto candidates = candidates_for(job, shape, most);
  const bool others_wait = waiting_jobs.tenants().size() > 1;
  if (others_wait || (!waiting_jobs.empty() && waiting_jobs.begin()->job != id)) {
    // Somebody goes first: let each node decide among all who wait.
    dirty_nodes.insert(candidates.begin(), candidates.end());
    return;
  }
  const auto tenant = shares.index_of(job.spec().tenant);
  const int cores = job.spec().resources.cores;
  std::set<std::pair<Rank, NodeIndex>> order;
  for (const bool is_ahead : {false, true}) {
    std::map<NodeIndex, int> ahead;
    for (const auto index : candidates) {
      order.emplace(nodes[index].rank, index);
      ahead[index] = is_ahead ? cores_ahead(job, nodes[index]) : 0;
    }
    while (job.available() > 0 && !order.empty() && shares.has_room(tenant, cores)) {
      const NodeIndex index = order.begin()->second;
      order.erase(order.begin());
      if (failing(nodes[index], shape, config.band, ahead[index]).any()) continue;
      grant(job, index);
      order.emplace(nodes[index].rank, index);
    }
    order.clear();
  }
  list_job(job);
  if (job.available() > 0 && candidates.size() == kCandidatesPerTurn) dirty_jobs.insert(id);
}

// Offers one node to the jobs that wait, soonest first, until it refused every shape of them.
void Scheduler::Impl::fill_node(NodeIndex index) {
  auto& node = nodes[index];
  dirty_nodes.erase(index);
  if (!node.hello_complete) return;
  const bool full = node.cores_leased >= usable_cores(node);
  int looks = full ? kJobsPerFullNode : kJobsPerNode;
  std::vector<Shape> refused;
  auto walk = this->walk(full ? kShortAtP90 * config.chunk_target : Duration{});
  while (!walk.done() && looks > 0) {
    auto& job = jobs.at(walk.order().job);
    const int ahead = cores_ahead(job, node);
    const Shape shape = shape_of_job(job.spec(), job.run_time_p90());
    const bool has_core = ahead > 0 || node.cores_leased < node.facts.cores;
    if (!has_core || is_resting(node, shape, now) || (ahead == 0 && is_refused(shape, refused))) {
      walk.skip_shape();
      continue;
    }
    --looks;
    bool granted = false;
    const auto may_have = [&] { return shares.has_room(walk.tenant(), shape.resources.cores); };
    if (!may_have()) {
      walk.skip_shape();
      continue;
    }
    while (job.available() > 0 && may_have() && failing(node, shape, config.band, ahead).none()) {
      grant(job, index);
      granted = true;
    }
    const bool left = job.available() > 0;
    if (left && ahead == 0 && may_have()) refused.push_back(shape);
    if (granted) list_job(job);
    if (left) {
      walk.skip_shape();
    } else {
      walk.next_of_shape();
    }
  }
  dirty_nodes.erase(index);
}

// What waits at a node whose room has become too warm to start it is taken back and goes elsewhere.
void Scheduler::Impl::take_back_waiting(NodeIndex index) {
  constexpr Kelvins kHysteresis{0.1};  // beyond the start bound, so that nothing goes to and fro
  const auto& node = nodes[index];
  const bool is_room = node.has_room() && !node.facts.tank;
  if (!is_room || node.telemetry.air_temperature_c.quality != protocol::Quality::kGood) return;
  const Kelvins above = Celsius{node.telemetry.air_temperature_c.value} - node.reference();
  std::vector<AttemptId> too_warm;
  for (const auto& [id, attempt] : node.attempts) {
    if (attempt.started || attempt.stopping) continue;
    const auto& band = class_band(config.band, attempt.service_class);
    if (above > band.may_start_below + kHysteresis) too_warm.push_back(id);
  }
  for (const auto id : too_warm) stop_attempt(id, protocol::StopReason::kHeat);
}

}  // namespace hearth::scheduler
