#include "cli/submission_file.h"

#include <algorithm>

#include "cli/object_reader.h"

namespace hearth::cli {

std::optional<nlohmann::json> parse_json(std::string_view text,
                                         std::vector<std::string>& problems) {
  try {
    return nlohmann::json::parse(text, nullptr, true, /*ignore_comments=*/true);
  } catch (const nlohmann::json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 3, column 5: ..."
    std::string message = error.what();
    if (const auto end = message.find("] "); end != std::string::npos) message.erase(0, end + 2);
    // What was read last may be a secret.
    if (text.find("\"secrets\"") != std::string_view::npos) {
      message.erase(std::min(message.find("; last read"), message.size()));
    }
    problems.push_back("not JSON: " + message);
    return std::nullopt;
  }
}

namespace {

using Json = nlohmann::json;

std::string beside(const std::string& directory, const std::string& file) {
  const bool as_it_is = directory.empty() || file.starts_with('/');
  return as_it_is ? file : directory + "/" + file;
}

std::string base_name(const std::string& file) {
  return file.substr(file.rfind('/') + 1);
}

void read_duration(Draft& draft, ObjectReader& reader, const std::string& key, Duration& out) {
  const auto* value = reader.find(key);
  if (value == nullptr) return;
  if (value->is_string()) return set_duration(draft, key, value->get<std::string>(), out);
  if (value->is_number()) return set_duration(draft, key, value->dump(), out);
  reader.problem(key, "neither a duration (\"5m\") nor seconds: " + value->dump());
}

void read_strings(ObjectReader& reader, const std::string& key,
                  std::map<std::string, std::string>& out) {
  const auto* value = reader.find(key);
  if (value == nullptr) return;
  if (!value->is_object()) return reader.problem(key, "not an object: " + value->dump());
  for (const auto& [name, text] : value->items()) {
    if (!text.is_string()) {
      reader.problem(key + "." + name, "not a string: " + text.dump());
    } else {
      out[name] = text.get<std::string>();
    }
  }
}

// Values are in no problem.
void read_secrets(ObjectReader& reader, protocol::Secrets& out) {
  const auto* value = reader.find("secrets");
  if (value == nullptr) return;
  if (!value->is_object()) return reader.problem("secrets", "not an object");
  for (const auto& [name, text] : value->items()) {
    if (!text.is_string()) {
      reader.problem("secrets." + name, "not a string");
    } else {
      out[name] = protocol::Secret{text.get<std::string>()};
    }
  }
}

void read_memory(Draft& draft, ObjectReader& reader, const std::string& key, std::uint64_t& out) {
  const auto* value = reader.find(key);
  if (value == nullptr) return;
  const auto field = "resources." + key;
  if (value->is_string()) return set_bytes(draft, field, value->get<std::string>(), out);
  reader.read(key, out);
}

void read_resources(Draft& draft, const Json& value) {
  ObjectReader reader(value, "resources", draft.problems);
  auto& resources = draft.submission.spec.resources;
  reader.read("cores", resources.cores);
  read_memory(draft, reader, "memory", resources.memory_bytes);
  read_memory(draft, reader, "memory_bytes", resources.memory_bytes);
  reader.finish();
}

void read_retries(Draft& draft, const Json& value) {
  ObjectReader reader(value, "retries", draft.problems);
  reader.read("user", draft.submission.spec.user_retries);
  reader.read("infrastructure", draft.submission.spec.infrastructure_retries);
  reader.finish();
}

void read_input(Draft& draft, const Json& value, const std::string& path,
                const std::string& directory) {
  ObjectReader reader(value, path, draft.problems);
  std::optional<std::string> file, digest;
  std::string place;
  std::optional<bool> executable;
  reader.read("file", file);
  reader.read("digest", digest);
  reader.read("path", place);
  reader.read("executable", executable);
  reader.finish();
  if (!value.is_object()) return;
  if (file.has_value() == digest.has_value()) {
    return reader.problem("", "needs either file or digest");
  }
  if (file) {
    const auto target = place.empty() ? base_name(*file) : place;
    draft.submission.files.push_back({beside(directory, *file), target, executable});
  } else {
    draft.submission.spec.inputs.push_back({*digest, place, executable.value_or(false)});
  }
}

void read_payload(Draft& draft, const Json& value, const std::string& path,
                  const std::string& directory) {
  if (value.is_string()) {
    draft.submission.payloads.push_back({value.get<std::string>(), false});
    return;
  }
  ObjectReader reader(value, path, draft.problems);
  std::optional<std::string> file;
  reader.read("file", file);
  reader.finish();
  if (!value.is_object()) return;
  if (!file) return reader.problem("", "neither a string nor {\"file\": ...}");
  draft.submission.payloads.push_back({beside(directory, *file), true});
}

// Calls `read` with each item of the list and the path to it.
template <class Read>
void read_list(ObjectReader& reader, const std::string& key, const Read& read) {
  const auto* value = reader.find(key);
  if (value == nullptr) return;
  if (!value->is_array()) return reader.problem(key, "not a list: " + value->dump());
  for (std::size_t i = 0; i < value->size(); ++i) {
    read((*value)[i], key + "[" + std::to_string(i) + "]");
  }
}

void read_words(Draft& draft, ObjectReader& reader) {
  auto& spec = draft.submission.spec;
  reader.read("name", spec.name);
  reader.read("tenant", spec.tenant.value);
  std::optional<std::string> service_class, deadline;
  reader.read("service_class", service_class);
  reader.read("deadline", deadline);
  if (service_class) set_service_class(draft, "service_class", *service_class);
  if (deadline) set_deadline(draft, "deadline", *deadline);
}

// A number of tasks or "5%".
void read_maximum_failed(Draft& draft, ObjectReader& reader) {
  const auto* value = reader.find("maximum_failed");
  if (value == nullptr) return;
  set_maximum_failed(draft, "maximum_failed",
                     value->is_string() ? value->get<std::string>() : value->dump());
}

void read_order(Draft& draft, ObjectReader& reader) {
  std::vector<std::string> after;
  reader.read("after", after);
  for (const auto& text : after) add_after(draft, "after", text);
  reader.read("held", draft.submission.spec.held);
  read_maximum_failed(draft, reader);
  std::optional<std::string> action, indices, logs;
  reader.read("deadline_action", action);
  reader.read("indices", indices);
  reader.read("logs", logs);
  if (action) set_deadline_action(draft, "deadline_action", *action);
  if (indices) set_indices(draft, "indices", *indices);
  if (logs) set_logs(draft, "logs", *logs);
}

}  // namespace

void read_file_into(Draft& draft, const SubmissionFile& file) {
  const auto json = parse_json(file.text, draft.problems);
  if (!json) return;
  auto& spec = draft.submission.spec;
  ObjectReader reader(*json, "", draft.problems);
  read_words(draft, reader);
  reader.read("priority", spec.priority);
  reader.read("task_count", draft.task_count);
  reader.read("command", spec.command);
  read_strings(reader, "environment", spec.environment);
  read_secrets(reader, spec.secrets);
  read_list(reader, "inputs", [&](const Json& item, const std::string& path) {
    read_input(draft, item, path, file.directory);
  });
  reader.read("outputs", spec.outputs);
  if (const auto* value = reader.find("resources")) read_resources(draft, *value);
  read_duration(draft, reader, "expected_run_time", spec.expected_run_time);
  read_duration(draft, reader, "maximum_run_time", spec.maximum_run_time);
  if (const auto* value = reader.find("retries")) read_retries(draft, *value);
  read_strings(reader, "labels", spec.labels);
  reader.read("needs_isolation", spec.needs_isolation);
  reader.read("no_residential", spec.no_residential);
  reader.read("needs_network", spec.needs_network);
  read_order(draft, reader);
  draft.has_payloads = reader.find("payloads") != nullptr;
  read_list(reader, "payloads", [&](const Json& item, const std::string& path) {
    read_payload(draft, item, path, file.directory);
  });
  reader.finish();
}

}  // namespace hearth::cli
