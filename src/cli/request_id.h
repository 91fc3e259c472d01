// What makes a submit safe to repeat.
#pragma once

#include <string>

#include "common/time.h"

namespace hearth::cli {

// 128 random bits: no two clients ever draw the same.
std::string random_request_id();

UtcTime utc_now();

}  // namespace hearth::cli
