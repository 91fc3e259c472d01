#include "scheduler/store/row_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "common/check.h"
#include "scheduler/store/state_names.h"

namespace hearth::scheduler {
namespace {

using Json = nlohmann::json;

// ---- one list of fields per struct, used in both directions; S is the struct or const of it

template <class S, class T>
concept Is = std::same_as<std::remove_const_t<S>, T>;

template <Is<protocol::Resources> S, class F>
void fields(S& s, F&& field) {
  field("cores", s.cores);
  field("memory_bytes", s.memory_bytes);
}
template <Is<protocol::Input> S, class F>
void fields(S& s, F&& field) {
  field("digest", s.digest);
  field("path", s.path);
  field("executable", s.executable);
}
template <Is<protocol::Dependency> S, class F>
void fields(S& s, F&& field) {
  field("job", s.job);
  field("condition", s.condition);
}
template <Is<protocol::JobSpec> S, class F>
void fields(S& s, F&& field) {
  field("name", s.name);
  field("tenant", s.tenant);
  field("service_class", s.service_class);
  field("priority", s.priority);
  field("task_count", s.task_count);
  field("command", s.command);
  field("environment", s.environment);
  field("inputs", s.inputs);
  field("outputs", s.outputs);
  field("resources", s.resources);
  field("expected_run_time_ms", s.expected_run_time);
  field("maximum_run_time_ms", s.maximum_run_time);
  field("user_retries", s.user_retries);
  field("infrastructure_retries", s.infrastructure_retries);
  field("deadline_ms", s.deadline);
  field("labels", s.labels);
  field("needs_isolation", s.needs_isolation);
  field("after", s.after);
  field("held", s.held);
  field("maximum_failed_tasks", s.maximum_failed_tasks);
  field("maximum_failed_percent", s.maximum_failed_percent);
  field("deadline_action", s.deadline_action);
  field("indices", s.indices);
  field("logs", s.logs);
  field("no_residential", s.no_residential);
  field("needs_network", s.needs_network);
  field("secret_names", s.secrets);
}
template <Is<protocol::ResourceUsage> S, class F>
void fields(S& s, F&& field) {
  field("cpu_s", s.cpu_s);
  field("peak_memory_bytes", s.peak_memory_bytes);
  field("energy_j", s.energy);
}
template <Is<protocol::OutputArtifact> S, class F>
void fields(S& s, F&& field) {
  field("path", s.path);
  field("digest", s.digest);
  field("size_bytes", s.size_bytes);
}
template <Is<AttemptId> S, class F>
void fields(S& s, F&& field) {
  field("epoch", s.epoch);
  field("counter", s.counter);
}
template <Is<TaskId> S, class F>
void fields(S& s, F&& field) {
  field("job", s.job);
  field("index", s.index);
}
template <Is<protocol::AttemptReport> S, class F>
void fields(S& s, F&& field) {
  field("attempt", s.attempt);
  field("task", s.task);
  field("failure", s.failure);
  field("exit_code", s.exit_code);
  field("message", s.message);
  field("started_at_ms", s.started_at);
  field("finished_at_ms", s.finished_at);
  field("nominal_run_time_ms", s.nominal_run_time);
  field("usage", s.usage);
  field("outputs", s.outputs);
}
template <Is<protocol::SpeedLaw> S, class F>
void fields(S& s, F&& field) {
  field("exponent", s.exponent);
  field("speed_min", s.speed_min);
}
template <Is<protocol::QuietHours> S, class F>
void fields(S& s, F&& field) {
  field("from_minute", s.from_minute);
  field("to_minute", s.to_minute);
  field("p_max_w", s.p_max);
}
template <Is<protocol::TankFacts> S, class F>
void fields(S& s, F&& field) {
  field("volume_l", s.volume_l);
  field("useful_c", s.useful);
  field("compute_max_c", s.compute_max);
  field("return_max_c", s.return_max);
  field("hygiene_c", s.hygiene);
  field("hygiene_every_ms", s.hygiene_every);
}
template <Is<protocol::NodeFacts> S, class F>
void fields(S& s, F&& field) {
  field("node", s.node);
  field("site", s.site);
  field("zone", s.zone);
  field("kind", s.kind);
  field("cores", s.cores);
  field("memory_bytes", s.memory_bytes);
  field("off_w", s.off);
  field("idle_w", s.idle);
  field("min_run_w", s.min_run);
  field("max_w", s.max);
  field("boot_ms", s.boot);
  field("static_share_w", s.static_share);
  field("isolated", s.isolated);
  field("isolation_note", s.isolation_note);
  field("agent_version", s.agent_version);
  field("speed", s.speed);
  field("resistance_w", s.resistance);
  field("can_sleep", s.can_sleep);
  field("follows", s.follows);
  field("quiet", s.quiet);
  field("tank", s.tank);
  field("cpu_model", s.cpu_model);
  field("residential", s.residential);
  field("takes_secrets", s.takes_secrets);
  field("grants_network", s.grants_network);
}
template <Is<protocol::ProgrammeStep> S, class F>
void fields(S& s, F&& field) {
  field("minute_of_week", s.minute_of_week);
  field("setpoint_c", s.setpoint);
}
template <Is<protocol::SetpointRevision> S, class F>
void fields(S& s, F&& field) {
  field("counter", s.counter);
  field("origin", s.origin);
}
template <Is<protocol::Holiday> S, class F>
void fields(S& s, F&& field) {
  field("away_c", s.away);
  field("from_ms", s.from);
  field("until_ms", s.until);
}
template <Is<protocol::Setpoint> S, class F>
void fields(S& s, F&& field) {
  field("mode", s.mode);
  field("value_c", s.value);
  field("programme", s.programme);
  field("revision", s.revision);
  field("holiday", s.holiday);
}
template <Is<thermal::RoomModel> S, class F>
void fields(S& s, F&& field) {
  field("ci_j_per_k", s.ci_j_per_k);
  field("cm_j_per_k", s.cm_j_per_k);
  field("rim_k_per_w", s.rim_k_per_w);
  field("rio_k_per_w", s.rio_k_per_w);
  field("rmo_k_per_w", s.rmo_k_per_w);
  field("ai_m2", s.ai_m2);
  field("am_m2", s.am_m2);
}
template <Is<LearnedModel> S, class F>
void fields(S& s, F&& field) {
  field("model", s.model);
  field("hold_model", s.hold_model);
  field("zone_rmse_k", s.error.zone_rmse_k);
  field("outdoor_std_k", s.error.outdoor_std_k);
  field("kind", s.kind);
  field("ua_w_per_k", s.ua_w_per_k);
  field("rmse_24h_k", s.rmse_24h_k);
  field("accepted", s.accepted);
  field("fitted_at_ms", s.fitted_at);
}
template <Is<RequestKey> S, class F>
void fields(S& s, F&& field) {
  field("tenant", s.tenant);
  field("request_id", s.request_id);
}
template <Is<TaskCounts> S, class F>
void fields(S& s, F&& field) {
  field("pending", s.pending);
  field("running", s.running);
  field("succeeded", s.succeeded);
  field("failed", s.failed);
  field("cancelled", s.cancelled);
}
template <Is<JobTotals> S, class F>
void fields(S& s, F&& field) {
  field("attempts_ended", s.attempts_ended);
  field("cpu_s", s.cpu_s);
  field("energy_j", s.energy);
}
template <Is<JobAccepted> S, class F>
void fields(S& s, F&& field) {
  field("job", s.job);
  field("spec", s.spec);
  field("request", s.request);
  field("request_hash", s.request_hash);
  field("staging", s.staging);
  field("dispatched_below", s.dispatched_below);
  field("at_ms", s.at);
}
template <Is<TaskRequeued> S, class F>
void fields(S& s, F&& field) {
  field("task", s.task);
  field("user_failures", s.user_failures);
  field("infrastructure_failures", s.infrastructure_failures);
  field("node", s.node);
  field("report", s.report);
  field("at_ms", s.at);
}
template <Is<JobControl> S, class F>
void fields(S& s, F&& field) {
  field("held", s.held);
  field("priority", s.priority);
  field("deadline_ms", s.deadline);
}
template <Is<JobUpdated> S, class F>
void fields(S& s, F&& field) {
  field("job", s.job);
  field("control", s.control);
  field("reason", s.reason);
  field("at_ms", s.at);
}
template <Is<JobCancelled> S, class F>
void fields(S& s, F&& field) {
  field("job", s.job);
  field("reason", s.reason);
  field("at_ms", s.at);
  field("cause", s.cause);
}
template <Is<JobEnded> S, class F>
void fields(S& s, F&& field) {
  field("job", s.job);
  field("state", s.state);
  field("counts", s.counts);
  field("totals", s.totals);
  field("at_ms", s.at);
}

// ---- values

struct AnyField {
  template <class T>
  void operator()(const char*, T&) const {}
};
template <class T>
concept Struct = requires(T& t) {
  fields(t, AnyField{});
};

template <class T>
concept StructList = requires(T& t) {
  t.emplace_back();
  fields(t.front(), AnyField{});
};

template <class T>
Json encode(const T& value) {
  if constexpr (Struct<const T>) {
    Json json = Json::object();
    fields(value, [&json](const char* key, const auto& member) {
      Json encoded = encode(member);
      if (!encoded.is_null()) json[key] = std::move(encoded);
    });
    return json;
  } else if constexpr (std::is_enum_v<T>) {
    return stored_name(value);
  } else if constexpr (requires { value.time_since_epoch(); }) {
    return value.time_since_epoch().count();
  } else if constexpr (std::same_as<T, Duration>) {
    return value.count();
  } else if constexpr (requires { value.has_value(); }) {
    return value ? encode(*value) : Json();
  } else if constexpr (requires { value.value; }) {  // quantities, ids and names
    return value.value;
  } else if constexpr (std::same_as<T, protocol::Secrets>) {  // their values have a table
    Json names;
    for (const auto& [name, secret] : value) names.push_back(name);
    return names;
  } else if constexpr (StructList<T>) {
    Json json = Json::array();
    for (const auto& item : value) json.push_back(encode(item));
    return json;
  } else {
    return value;
  }
}

template <class T>
bool decode(const Json& json, T& value) {  // false, or an exception of nlohmann's: damaged
  if constexpr (Struct<T>) {
    bool good = true;
    fields(value, [&](const char* key, auto& member) {
      if (const auto found = json.find(key); found != json.end()) good &= decode(*found, member);
    });
    return good;
  } else if constexpr (std::is_enum_v<T>) {
    const auto parsed = from_stored_name<T>(json.get_ref<const std::string&>());
    value = parsed.value_or(T{});
    return parsed.has_value();
  } else if constexpr (requires { value.time_since_epoch(); }) {
    value = T{Duration{json.get<Duration::rep>()}};
    return true;
  } else if constexpr (std::same_as<T, Duration>) {
    value = Duration{json.get<Duration::rep>()};
    return true;
  } else if constexpr (requires { value.has_value(); }) {
    return decode(json, value.emplace());
  } else if constexpr (requires { value.value; }) {
    json.get_to(value.value);
    return true;
  } else if constexpr (std::same_as<T, protocol::Secrets>) {
    for (const auto& name : json)
      value.emplace(name.template get<std::string>(), protocol::Secret{});
    return true;
  } else if constexpr (StructList<T>) {
    return std::ranges::all_of(
        json, [&](const Json& item) { return decode(item, value.emplace_back()); });
  } else {
    json.get_to(value);
    return true;
  }
}

// Text that is no UTF-8 cannot be JSON: what is wrong with it is replaced, the rest kept.
std::string write(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

tl::unexpected<Error> damaged(std::string_view what, std::string_view text) {
  return fail(ErrorCode::kInternal, "damaged " + std::string(what) +
                                        " in the store: " + std::string(text.substr(0, 200)));
}

template <class T>
Result<T> read(std::string_view what, std::string_view text) {
  try {
    T value{};
    if (decode(Json::parse(text), value)) return value;
  } catch (const Json::exception&) {
  }
  return damaged(what, text);
}

template <class T>
struct EventKind;
template <>
struct EventKind<JobAccepted> {
  static constexpr const char* kName = "JOB_ACCEPTED";
};
template <>
struct EventKind<TaskRequeued> {
  static constexpr const char* kName = "TASK_REQUEUED";
};
template <>
struct EventKind<JobUpdated> {
  static constexpr const char* kName = "JOB_UPDATED";
};
template <>
struct EventKind<JobCancelled> {
  static constexpr const char* kName = "JOB_CANCELLED";
};
template <>
struct EventKind<JobEnded> {
  static constexpr const char* kName = "JOB_ENDED";
};
template <class T>
concept Event = requires {
  EventKind<T>::kName;
};

}  // namespace

std::string spec_to_json(const protocol::JobSpec& spec) {
  return write(encode(spec));
}
Result<protocol::JobSpec> spec_from_json(std::string_view text) {
  return read<protocol::JobSpec>("job", text);
}

std::string facts_to_json(const protocol::NodeFacts& facts) {
  return write(encode(facts));
}
Result<protocol::NodeFacts> facts_from_json(std::string_view text) {
  return read<protocol::NodeFacts>("node", text);
}

std::string setpoint_to_json(const protocol::Setpoint& setpoint) {
  return write(encode(setpoint));
}
Result<protocol::Setpoint> setpoint_from_json(std::string_view text) {
  return read<protocol::Setpoint>("setpoint", text);
}

std::string learned_to_json(const LearnedModel& learned) {
  return write(encode(learned));
}
Result<LearnedModel> learned_from_json(std::string_view text) {
  return read<LearnedModel>("zone model", text);
}

std::string outputs_to_json(const std::vector<protocol::OutputArtifact>& outputs) {
  return write(encode(outputs));
}
Result<std::vector<protocol::OutputArtifact>> outputs_from_json(std::string_view text) {
  return read<std::vector<protocol::OutputArtifact>>("outputs", text);
}

bool is_event(const Fact& fact) {
  return std::visit([]<class T>(const T&) { return Event<T>; }, fact);
}

std::string event_to_json(const Fact& fact) {
  return std::visit(
      []<class T>(const T& event) -> std::string {
        if constexpr (Event<T>) {
          Json json = encode(event);
          json["kind"] = EventKind<T>::kName;
          return write(json);
        }
        CHECK(Event<T>);
        return {};
      },
      fact);
}

Result<Fact> event_from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    const std::string kind = json.at("kind");
    const auto as = [&]<class T>(T event) -> Result<Fact> {
      if (!decode(json, event)) return damaged("event", text);
      return Fact(std::move(event));
    };
    if (kind == EventKind<JobAccepted>::kName) return as(JobAccepted{});
    if (kind == EventKind<TaskRequeued>::kName) return as(TaskRequeued{});
    if (kind == EventKind<JobUpdated>::kName) return as(JobUpdated{});
    if (kind == EventKind<JobCancelled>::kName) return as(JobCancelled{});
    if (kind == EventKind<JobEnded>::kName) return as(JobEnded{});
  } catch (const Json::exception&) {
  }
  return damaged("event", text);
}

}  // namespace hearth::scheduler
