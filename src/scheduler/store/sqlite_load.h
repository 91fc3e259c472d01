// Reads back, at start, what the core needs of a store file.
#pragma once

#include "scheduler/store/sqlite.h"
#include "scheduler/store/store.h"

namespace hearth::scheduler {

// Durably raises the epoch, gives a new store (or the copy of one) its store_id and sweeps the
// payload pages that no job owns; then reads.
Result<DurableState> load_durable_state(Database& database);

// Of one job, with their values.
Result<protocol::Secrets> read_secrets(Database& database, JobId job);

// Reads alone: of the epoch before, which no agent may hear of again.
Result<DurableState> read_durable_state(Database& database);

}  // namespace hearth::scheduler
