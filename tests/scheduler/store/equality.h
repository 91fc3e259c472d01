// Equality of rows and facts, field by field, so that tests can compare what was read.
#pragma once

#include <tuple>

#include "scheduler/store/store.h"

namespace hearth::scheduler {

inline auto tied(const JobAccepted& f) {
  return std::tie(f.job, f.spec, f.request, f.request_hash, f.staging, f.dispatched_below, f.at);
}
inline auto tied(const DispatchMarkRaised& f) {
  return std::tie(f.job, f.below);
}
inline auto tied(const TaskEnded& f) {
  return std::tie(f.task, f.state, f.node, f.report);
}
inline auto tied(const TaskRequeued& f) {
  return std::tie(f.task, f.user_failures, f.infrastructure_failures, f.node, f.report, f.at);
}
inline auto tied(const RequeueConsumed& f) {
  return std::tie(f.task);
}
inline auto tied(const JobUpdated& f) {
  return std::tie(f.job, f.control, f.reason, f.at);
}
inline auto tied(const JobCancelled& f) {
  return std::tie(f.job, f.reason, f.at, f.cause);
}
inline auto tied(const JobEnded& f) {
  return std::tie(f.job, f.state, f.counts, f.totals, f.at);
}
inline auto tied(const NodeJoined& f) {
  return std::tie(f.facts, f.installation_id);
}
inline auto tied(const NodeGivenUp& f) {
  return std::tie(f.node);
}
inline auto tied(const NodeDrainSet& f) {
  return std::tie(f.node, f.draining);
}
inline auto tied(const ZoneSetpointOrdered& f) {
  return std::tie(f.zone, f.setpoint);
}
inline auto tied(const ZoneModelLearned& f) {
  return std::tie(f.zone, f.learned);
}
inline auto tied(const SiteCapSet& f) {
  return std::tie(f.site, f.cap);
}

inline auto tied(const JobForgotten& f) {
  return std::tie(f.job);
}
inline auto tied(const RequestsForgotten& f) {
  return std::tie(f.below);
}

inline auto tied(const QueuePauseSet& f) {
  return std::tie(f.service_class, f.pause);
}
inline auto tied(const NodeQuarantineSet& f) {
  return std::tie(f.node, f.quarantine);
}
inline auto tied(const NodeLabelsSet& f) {
  return std::tie(f.node, f.labels);
}

inline auto tied(const JobRow& r) {
  return std::tie(r.job, r.spec, r.state, r.staging, r.cancelled, r.reason, r.counts, r.totals,
                  r.submitted_at, r.ended_at, r.accepted_seq, r.ended_seq);
}
inline auto tied(const AttemptRow& r) {
  return std::tie(r.index, r.node, r.report);
}
inline auto tied(const TaskRow& r) {
  return std::tie(r.seq, r.index, r.state, r.node, r.report, r.body);
}
inline auto tied(const StoreReader::PayloadPage& p) {
  return std::tie(p.first, p.payloads);
}

inline auto tied(const DurableTask& t) {
  return std::tie(t.index, t.state);
}
inline auto tied(const DurableRequeue& r) {
  return std::tie(r.index, r.user_failures, r.infrastructure_failures, r.free);
}
inline auto tied(const DurableNode& n) {
  return std::tie(n.facts, n.installation_id, n.joined, n.draining);
}
inline auto tied(const DurableRequest& r) {
  return std::tie(r.key, r.hash, r.job, r.seq, r.at);
}

template <class T>
concept Tied = requires(const T& t) {
  tied(t);
};

template <Tied T>
bool operator==(const T& a, const T& b) {
  return tied(a) == tied(b);
}

inline bool operator==(const EventRow& a, const EventRow& b) {
  return a.seq == b.seq && a.job == b.job && a.fact == b.fact;
}
inline bool operator==(const DurableJob& a, const DurableJob& b) {
  return std::tie(a.job, a.spec, a.has_payloads, a.dispatched_below, a.cancelled, a.submitted_at,
                  a.totals, a.ended, a.requeues) ==
         std::tie(b.job, b.spec, b.has_payloads, b.dispatched_below, b.cancelled, b.submitted_at,
                  b.totals, b.ended, b.requeues);
}
// Of one store or of two: which store it is does not count.
inline bool operator==(const DurableState& a, const DurableState& b) {
  return std::tie(a.epoch, a.last_seq, a.last_job, a.jobs, a.nodes, a.requests, a.setpoints,
                  a.models, a.caps, a.pauses, a.quarantines, a.labels) ==
         std::tie(b.epoch, b.last_seq, b.last_job, b.jobs, b.nodes, b.requests, b.setpoints,
                  b.models, b.caps, b.pauses, b.quarantines, b.labels);
}

}  // namespace hearth::scheduler
