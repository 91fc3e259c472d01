// Looks a store file over, and puts a backup in its place.
#pragma once

#include "scheduler/store/sqlite.h"

namespace hearth::scheduler {

// See Store::inspect(). Only reads.
Result<std::vector<std::string>> inspect_store_file(Database& database);

// Puts a copy of `backup` where the store file `path` is, which is kept beside it as
// "PATH.replaced-N". The store that is then opened has a new store_id, and an epoch far above the
// backup's: agents refuse a lower one than they have seen, and attempts are never numbered twice.
// Returns the name of the replaced file, empty where there was none. kFailedPrecondition: the store
// is in use, or `backup` is none of ours, or damaged; nothing was changed. kNotFound: no backup.
Result<std::string> restore_store_file(const std::string& path, const std::string& backup);

}  // namespace hearth::scheduler
