#include "node_agent/store/draws_json.h"

#include <nlohmann/json.hpp>

namespace hearth::node_agent {

using nlohmann::json;

std::string draws_to_json(const thermal::LearnedDraws& draws) {
  json rows = json::array();
  for (const auto& slot : draws.draws) rows.push_back({slot.mean_j, slot.variance_j2, slot.count});
  return json{{"half_hours", draws.half_hours}, {"draws", std::move(rows)}}.dump() + "\n";
}

Result<thermal::LearnedDraws> draws_from_json(std::string_view text) {
  try {
    const auto object = json::parse(text);
    thermal::LearnedDraws draws;
    object.at("half_hours").get_to(draws.half_hours);
    const auto& rows = object.at("draws");
    if (!rows.is_array() || rows.size() != draws.draws.size()) {
      return fail(ErrorCode::kInvalidArgument,
                  "draws: not a list of " + std::to_string(draws.draws.size()) + " half hours");
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i].at(0).get_to(draws.draws[i].mean_j);
      rows[i].at(1).get_to(draws.draws[i].variance_j2);
      rows[i].at(2).get_to(draws.draws[i].count);
    }
    return draws;
  } catch (const json::exception& problem) {
    return fail(ErrorCode::kInvalidArgument, problem.what());
  }
}

}  // namespace hearth::node_agent
