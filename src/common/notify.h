// Tells systemd how we are (Type=notify, WatchdogSec). Nothing happens where nobody supervises.
#pragma once

#include <string>

namespace hearth {

// Sends `state` ("READY=1", "WATCHDOG=1") to the socket that the supervisor named in
// $NOTIFY_SOCKET; nothing happens without one. Never blocks for long, never fails.
void notify(const std::string& socket_path, const std::string& state);

}  // namespace hearth
