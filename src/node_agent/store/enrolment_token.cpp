#include "node_agent/store/enrolment_token.h"

#include "common/json_reader.h"

namespace hearth::node_agent {

Result<EnrolmentToken> parse_enrolment_token(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) {
    return fail(ErrorCode::kInvalidArgument, "not a file of `hearth admin enrol`: no JSON object");
  }
  EnrolmentToken token;
  JsonReader reader{json};
  const auto read = [&](const char* key, std::string& field) {
    reader.read(key, field);
    reader.require(!field.empty(), std::string{key} + ": missing");
  };
  read("node", token.node);
  read("scheduler", token.scheduler);
  read("enrolment", token.enrolment);
  read("token", token.token);
  read("authorities", token.authorities);
  if (auto sound = reader.finish(); !sound) return tl::unexpected(sound.error());
  return token;
}

}  // namespace hearth::node_agent
