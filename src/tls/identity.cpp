#include "tls/identity.h"

#include <array>

#include "common/ids.h"

namespace hearth::tls {
namespace {

constexpr std::string_view kScheme = "hearth://";
constexpr std::array<std::string_view, 5> kRoles{"read", "submit", "operate", "resident", "node"};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

std::string to_string(Role role) {
  return std::string{kRoles[static_cast<std::size_t>(role)]};
}

std::optional<Role> parse_role(std::string_view text) {
  for (std::size_t i = 0; i < kRoles.size(); ++i) {
    if (kRoles[i] == text) return static_cast<Role>(i);
  }
  return std::nullopt;
}

std::string to_uri(const Identity& identity) {
  const std::string scheme{kScheme};
  if (identity.role == Role::kNode) return scheme + "node/" + identity.name;
  if (identity.role == Role::kResident) {
    return scheme + "zone/" + identity.zone + "/name/" + identity.name;
  }
  return scheme + "tenant/" + identity.tenant + "/role/" + to_string(identity.role) + "/name/" +
         identity.name;
}

Result<Identity> parse_identity(std::string_view uri) {
  const auto wrong = [&] {
    return fail(ErrorCode::kInvalidArgument, "no identity of ours: " + std::string{uri});
  };
  if (!uri.starts_with(kScheme)) return wrong();
  const auto parts = split(uri.substr(kScheme.size()));
  Identity identity;
  if (parts.size() == 2 && parts[0] == "node") {
    identity = {Role::kNode, "", "", parts[1]};
  } else if (parts.size() == 4 && parts[0] == "zone" && parts[2] == "name") {
    identity = {Role::kResident, "", parts[1], parts[3]};
  } else if (parts.size() == 6 && parts[0] == "tenant" && parts[2] == "role" &&
             parts[4] == "name") {
    const auto role = parse_role(parts[3]);
    if (!role || *role == Role::kResident || *role == Role::kNode) return wrong();
    identity = {*role, parts[1], "", parts[5]};
  } else {
    return wrong();
  }
  for (const auto* word : {&identity.tenant, &identity.zone, &identity.name}) {
    if (!word->empty() && !is_valid_name(*word)) return wrong();
  }
  const bool whole = !identity.name.empty() &&
                     (identity.role == Role::kNode || !(identity.tenant + identity.zone).empty());
  if (!whole) return wrong();
  return identity;
}

Result<Identity> identity_of(const std::vector<std::string>& uris) {
  std::optional<Identity> found;
  for (const auto& uri : uris) {
    if (!uri.starts_with(kScheme)) continue;
    if (found) return fail(ErrorCode::kInvalidArgument, "the certificate has two identities");
    HEARTH_TRY(identity, parse_identity(uri));
    found = identity;
  }
  if (!found) return fail(ErrorCode::kInvalidArgument, "the certificate has no identity of ours");
  return *found;
}

}  // namespace hearth::tls
