#include "node_agent/runner/messages.h"

#include "node_agent/runner/spec_json.h"

namespace hearth::node_agent::runner {
namespace {

using nlohmann::json;

json to_json(const StartOrder& order) {
  json object = {{"type", "start"},
                 {"attempt", to_string(order.attempt)},
                 {"task", to_string(order.task)},
                 {"spec", runner::to_json(order.spec)},
                 {"node", order.node},
                 {"directory", order.directory}};
  if (!order.payload.empty()) object["payload"] = order.payload;
  if (order.stands_for) object["stands_for"] = *order.stands_for;
  for (const auto& input : order.inputs) {
    object["inputs"].push_back(
        {{"source", input.source}, {"target", input.target}, {"executable", input.executable}});
  }
  for (const auto& [name, secret] : order.spec.secrets) object["secrets"][name] = secret.reveal();
  return object;
}
json to_json(const StopOrder& order) {
  return {{"type", "stop"},
          {"attempt", to_string(order.attempt)},
          {"failure", protocol::to_string(order.failure)},
          {"grace_ms", order.grace.count()}};
}
json to_json(const SpeedOrder& order) {
  return {{"type", "speed"}, {"attempt", to_string(order.attempt)}, {"permille", order.permille}};
}
json to_json(const ForgetOrder& order) {
  return {{"type", "forget"}, {"directory", order.directory}};
}
json to_json(const Ping&) {
  return {{"type", "ping"}};
}
json to_json(const Bye&) {
  return {{"type", "bye"}};
}
json to_json(const RunnerHello& hello) {
  json object = {{"type", "hello"}, {"pid", hello.pid}, {"takes_secrets", hello.takes_secrets}};
  if (hello.grants_network) object["grants_network"] = true;
  if (hello.running) object["running"] = to_string(*hello.running);
  return object;
}
json to_json(const Started& started) {
  return {{"type", "started"}, {"attempt", to_string(started.attempt)}};
}
json to_json(const Usage& usage) {
  return {{"type", "usage"},
          {"attempt", to_string(usage.attempt)},
          {"cpu_s", usage.cpu_s},
          {"memory_bytes", usage.memory_bytes},
          {"frozen", usage.frozen}};
}
json to_json(const Ended& ended) {
  return {{"type", "ended"}, {"report", runner::to_json(ended.report)}};
}

template <class Message>
std::string encode_line(const Message& message) {
  auto line =
      dump(std::visit([](const auto& alternative) { return to_json(alternative); }, message));
  line += '\n';
  return line;
}

// The functions below throw json::exception.
Result<AttemptId> attempt_of(const json& object) {
  return parse_attempt_id(object.at("attempt").get<std::string>());
}

Result<StartOrder> read_start(const json& object) {
  StartOrder order;
  HEARTH_TRY(attempt, attempt_of(object));
  HEARTH_TRY(task, parse_task_id(object.at("task").get<std::string>()));
  HEARTH_TRY(spec, parse_job_spec(object.at("spec")));
  order.attempt = attempt;
  order.task = task;
  order.spec = std::move(spec);
  const auto secrets = object.value("secrets", json::object());
  for (const auto& [name, value] : secrets.items()) {
    order.spec.secrets.emplace(name, value.get<std::string>());
  }
  order.node = object.value("node", std::string{});
  order.directory = object.at("directory").get<std::string>();
  order.payload = object.value("payload", std::string{});
  if (object.contains("stands_for"))
    order.stands_for = object.at("stands_for").get<std::uint64_t>();
  for (const auto& item : object.value("inputs", json::array())) {
    InputFile input{item.at("source").get<std::string>(), item.at("target").get<std::string>(),
                    item.value("executable", false)};
    if (!protocol::is_safe_relative_path(input.target)) {
      return fail(ErrorCode::kInvalidArgument, "input leaves the directory: " + input.target);
    }
    order.inputs.push_back(std::move(input));
  }
  if (order.spec.command.empty()) return fail(ErrorCode::kInvalidArgument, "command: empty");
  return order;
}

Result<AgentMessage> read_agent_message(const json& object) {
  const auto type = object.at("type").get<std::string>();
  if (type == "ping") return Ping{};
  if (type == "bye") return Bye{};
  if (type == "forget") return ForgetOrder{object.at("directory").get<std::string>()};
  if (type == "start") {
    HEARTH_TRY(order, read_start(object));
    return std::move(order);
  }
  HEARTH_TRY(attempt, attempt_of(object));
  if (type == "speed") return SpeedOrder{attempt, object.at("permille").get<int>()};
  if (type == "stop") {
    const auto failure = parse_failure_class(object.at("failure").get<std::string>());
    if (!failure) return fail(ErrorCode::kInvalidArgument, "stop: unknown failure class");
    return StopOrder{attempt, *failure, Duration{object.at("grace_ms").get<Duration::rep>()}};
  }
  return fail(ErrorCode::kInvalidArgument, "unknown message: " + type);
}

Result<RunnerMessage> read_runner_message(const json& object) {
  const auto type = object.at("type").get<std::string>();
  if (type == "hello") {
    RunnerHello hello{object.at("pid").get<int>(), std::nullopt,
                      object.value("takes_secrets", false), object.value("grants_network", false)};
    if (!object.contains("running")) return hello;
    HEARTH_TRY(running, parse_attempt_id(object.at("running").get<std::string>()));
    hello.running = running;
    return hello;
  }
  if (type == "ended") {
    HEARTH_TRY(report, parse_attempt_report(object.at("report")));
    return Ended{std::move(report)};
  }
  HEARTH_TRY(attempt, attempt_of(object));
  if (type == "started") return Started{attempt};
  if (type == "usage") {
    return Usage{attempt, object.at("cpu_s").get<double>(),
                 object.at("memory_bytes").get<std::uint64_t>(), object.at("frozen").get<bool>()};
  }
  return fail(ErrorCode::kInvalidArgument, "unknown message: " + type);
}

template <class Message>
Result<Message> parse_line(std::string_view line, Result<Message> (*read)(const json&)) {
  try {
    return read(json::parse(line));
  } catch (const json::parse_error& problem) {  // what it read last may be secret
    return fail(ErrorCode::kInvalidArgument,
                "message: not JSON at byte " + std::to_string(problem.byte));
  } catch (const json::exception& problem) {
    return fail(ErrorCode::kInvalidArgument, std::string{"message: "} + problem.what());
  }
}

}  // namespace

std::string encode(const AgentMessage& message) {
  return encode_line(message);
}
std::string encode_without_secrets(const StartOrder& order) {
  if (order.spec.secrets.empty()) return encode(AgentMessage{order});
  StartOrder kept = order;
  kept.spec.secrets.clear();
  return encode(AgentMessage{std::move(kept)});
}
std::string encode(const RunnerMessage& message) {
  return encode_line(message);
}
Result<AgentMessage> parse_agent_message(std::string_view line) {
  return parse_line<AgentMessage>(line, read_agent_message);
}
Result<RunnerMessage> parse_runner_message(std::string_view line) {
  return parse_line<RunnerMessage>(line, read_runner_message);
}

}  // namespace hearth::node_agent::runner
