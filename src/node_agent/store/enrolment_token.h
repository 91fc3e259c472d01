// What `hearth admin enrol` gives to whoever sets up a node: a small file with a secret in it.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace hearth::node_agent {

struct EnrolmentToken {
  std::string node;
  std::string scheduler;    // HOST:PORT, for the configuration
  std::string enrolment;    // HOST:PORT, where the token counts
  std::string token;        // counts once
  std::string authorities;  // PEM
};

// kInvalidArgument: every problem at once.
Result<EnrolmentToken> parse_enrolment_token(std::string_view text);

}  // namespace hearth::node_agent
