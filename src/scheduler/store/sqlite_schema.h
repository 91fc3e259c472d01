// The tables of a store file, and whether a file is one of ours.
#pragma once

#include "scheduler/store/sqlite.h"

namespace hearth::scheduler {

// Makes the tables in an empty file, checks a file that has them, and sets the connection up for
// durable writing. kFailedPrecondition, with the path: the file belongs to another program or to a
// newer Hearth; nothing was changed.
Result<> prepare_store_file(Database& database);

}  // namespace hearth::scheduler
