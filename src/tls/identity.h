// Who a certificate says its owner is: a URI among its subject alternative names.
//
//   hearth://node/NODE                            an agent
//   hearth://tenant/TENANT/role/ROLE/name/NAME    a person or program of a tenant
//   hearth://zone/ZONE/name/NAME                  a resident
// Names are those of ids: 1 to 64 of [A-Za-z0-9._-].
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace hearth::tls {

// Each of kSubmit, kOperate may what the one before may.
enum class Role { kRead, kSubmit, kOperate, kResident, kNode };

std::string to_string(Role role);  // "read", ...
std::optional<Role> parse_role(std::string_view text);

struct Identity {
  Role role = Role::kRead;
  std::string tenant;  // of kRead, kSubmit, kOperate
  std::string zone;    // of kResident
  std::string name;    // of kNode the node's id

  friend bool operator==(const Identity&, const Identity&) = default;
};

std::string to_uri(const Identity& identity);

// kInvalidArgument: none of the above.
Result<Identity> parse_identity(std::string_view uri);

// The one identity among the URIs of a certificate. kInvalidArgument: none, or more than one.
Result<Identity> identity_of(const std::vector<std::string>& uris);

}  // namespace hearth::tls
