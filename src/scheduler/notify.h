// Tells systemd how we are (Type=notify).
#pragma once

#include <string>

namespace hearth::scheduler {

// Sends `state` ("READY=1") to the socket that systemd named; nothing happens without one.
void notify(const std::string& socket_path, const std::string& state);

}  // namespace hearth::scheduler
