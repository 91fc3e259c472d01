#include "node_agent/store/near_case_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace hearth::node_agent {

using nlohmann::json;

std::string near_case_to_json(const thermal::CaseBias& bias) {
  return json{{"matrix", bias.matrix}, {"right", bias.right}, {"stops", bias.stops}}.dump() + "\n";
}

Result<thermal::CaseBias> near_case_from_json(std::string_view text) {
  try {
    const auto object = json::parse(text);
    thermal::CaseBias bias;
    object.at("matrix").get_to(bias.matrix);
    object.at("right").get_to(bias.right);
    object.at("stops").get_to(bias.stops);
    if (!std::isfinite(bias.matrix) || bias.matrix < 0 || !std::isfinite(bias.right)) {
      return fail(ErrorCode::kInvalidArgument, "matrix, right: no evidence of stops");
    }
    if (bias.stops < 0) return fail(ErrorCode::kInvalidArgument, "stops: negative");
    return bias;
  } catch (const json::exception& problem) {
    return fail(ErrorCode::kInvalidArgument, problem.what());
  }
}

}  // namespace hearth::node_agent
