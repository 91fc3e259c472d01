#include "cli/results_csv.h"

#include <google/protobuf/util/time_util.h>

#include <nlohmann/json.hpp>

#include "cli/describe.h"
#include "cli/encode.h"
#include "cli/format.h"
#include "wire/checks.h"

namespace hearth::cli {
namespace {

constexpr std::string_view kColumns =
    "index,stands_for,state,exit_code,failure,message,node,attempt,started_at,ended_at,nominal_s,"
    "cpu_s,peak_memory_bytes,energy_j";

// What lies at "a.b" of the object, as text; nothing where it is not there.
std::string value_at(const nlohmann::json& object, std::string_view path) {
  const auto* at = &object;
  while (!path.empty()) {
    const auto dot = path.find('.');
    const std::string key(path.substr(0, dot));
    if (!at->is_object() || !at->contains(key)) return {};
    at = &at->at(key);
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  if (at->is_null()) return {};
  return at->is_string() ? at->get<std::string>() : at->dump();
}

}  // namespace

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string ResultsCsv::header() const {
  std::string text(kColumns);
  if (fields_.empty()) return text + ",encoding,result\n";
  for (const auto& field : fields_) text += ',' + csv_field(field);
  return text + '\n';
}

std::string ResultsCsv::row(const job::v1::TaskResult& result) const {
  const auto& attempt = result.attempt();
  std::string text = std::to_string(result.index());
  const auto add = [&text](const std::string& value) { text += ',' + csv_field(value); };
  add(std::to_string(result.has_stands_for() ? result.stands_for() : result.index()));
  add(cell_of(result.state()).text);
  add(attempt.has_exit_code() ? std::to_string(attempt.exit_code()) : "");
  const bool failed = attempt.failure() != job::v1::FAILURE_CLASS_UNSPECIFIED;
  add(failed ? word_of(attempt.failure()) : "");
  add(wire::to_utf8(attempt.message()));
  add(attempt.node_id());
  add(attempt.attempt_id());
  const auto time = [](const auto& at) { return google::protobuf::util::TimeUtil::ToString(at); };
  add(attempt.has_started_at() ? time(attempt.started_at()) : "");
  add(attempt.has_ended_at() ? time(attempt.ended_at()) : "");
  const auto& nominal = attempt.nominal_run_time();
  add(fixed(static_cast<double>(nominal.seconds()) + nominal.nanos() * 1e-9, 3));
  add(fixed(attempt.cpu_s(), 3));
  add(std::to_string(attempt.peak_memory_bytes()));
  add(fixed(attempt.energy_j(), 3));
  if (fields_.empty()) {
    const bool is_text = wire::is_utf8(result.result());
    add(is_text ? "text" : "base64");
    add(is_text ? result.result() : base64(result.result()));
    return text + '\n';
  }
  const auto object = nlohmann::json::parse(result.result(), nullptr, false);
  for (const auto& field : fields_) add(value_at(object, field));
  return text + '\n';
}

}  // namespace hearth::cli
