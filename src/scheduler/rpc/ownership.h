// Whose job, artifact or zone a call is about. Operators and agents may reach all of them, others
// those of their tenant, residents their zone; what is not theirs does not exist for them.
#pragma once

#include <mutex>
#include <set>

#include "scheduler/rpc/access.h"
#include "scheduler/rpc/calls.h"

namespace hearth::scheduler {

// Whether all tenants' work is its business.
bool sees_all(const tls::Identity& identity);

// Empty: all tenants'.
std::string tenant_of(const tls::Identity& identity);

// kNotFound, in the words for a job that never was: it is another tenant's. Empty tenant: any job
// will do. On the store's thread.
Result<> check_own_job(StoreReader& reader, const std::string& tenant, JobId job);

// Goes on with a call about a job, or ends it with NOT_FOUND. `go` is given the call's reactor and
// runs here or on the store's thread.
grpc::ServerUnaryReactor* with_own_job(Backend& backend, grpc::CallbackServerContext& context,
                                       const std::string& job_id,
                                       std::function<void(grpc::ServerUnaryReactor*)> go);

// NOT_FOUND for residents of other zones.
Result<> check_own_zone(const grpc::CallbackServerContext& context, const std::string& zone);

// Of these artifacts those that are not the tenant's: neither uploaded by it since our start, nor
// referred to by a job of it. Empty tenant: none. On the store's thread.
Result<std::vector<std::string>> foreign_artifacts(StoreReader& reader, const UploadOwners& uploads,
                                                   const std::string& tenant,
                                                   const std::vector<std::string>& digests);

// Appends to the audit log, where one is kept.
void audit(const Backend& backend, const grpc::CallbackServerContext& context,
           const std::string& call, const std::string& object, const std::string& reason = "");

}  // namespace hearth::scheduler
