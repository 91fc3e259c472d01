// A scheduler that knows one job and can be made to fail, for tests of the command line.
//
// Every call is answered from plain fields; the tests set them before the call. Real gRPC on port
// 0 of the loopback.
#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/digest.h"
#include "hearth/artifact/v1/artifact.grpc.pb.h"
#include "hearth/fleet/v1/fleet.grpc.pb.h"
#include "hearth/job/v1/job.grpc.pb.h"

namespace hearth::cli {

inline const grpc::Status kUnavailable(grpc::StatusCode::UNAVAILABLE, "starting");

class FakeJobs final : public job::v1::JobService::Service {
 public:
  int failures = 0;                                  // so many calls are answered UNAVAILABLE first
  int messages_a_call = 1;                           // then a stream breaks
  std::vector<job::v1::SubmitJobRequest> submitted;  // messages of all tries
  std::vector<std::string> cursors;                  // as asked by streams
  std::vector<job::v1::WatchJobsResponse> events;    // cursor: its place, from 1
  std::vector<job::v1::TaskResult> results;
  job::v1::Job job;
  job::v1::JobSpec quoted;
  job::v1::QuoteJobResponse quote;

  grpc::Status QuoteJob(grpc::ServerContext*, const job::v1::QuoteJobRequest* request,
                        job::v1::QuoteJobResponse* response) override {
    quoted = request->spec();
    *response = quote;
    return grpc::Status::OK;
  }

  job::v1::ListTenantsResponse tenants;
  grpc::Status ListTenants(grpc::ServerContext*, const job::v1::ListTenantsRequest*,
                           job::v1::ListTenantsResponse* response) override {
    *response = tenants;
    return grpc::Status::OK;
  }

  grpc::Status SubmitJob(grpc::ServerContext*,
                         grpc::ServerReader<job::v1::SubmitJobRequest>* reader,
                         job::v1::SubmitJobResponse* response) override {
    job::v1::SubmitJobRequest request;
    while (reader->Read(&request)) submitted.push_back(request);
    if (failures-- > 0) return kUnavailable;
    response->set_job_id(job.job_id());
    response->set_cursor("0");
    return grpc::Status::OK;
  }

  grpc::Status GetJob(grpc::ServerContext*, const job::v1::GetJobRequest* request,
                      job::v1::GetJobResponse* response) override {
    if (request->job_id() != job.job_id()) {
      return {grpc::StatusCode::NOT_FOUND, "job " + request->job_id() + ": not found"};
    }
    *response->mutable_job() = job;
    return grpc::Status::OK;
  }

  grpc::Status ListJobs(grpc::ServerContext*, const job::v1::ListJobsRequest*,
                        job::v1::ListJobsResponse* response) override {
    *response->add_jobs() = job;
    return grpc::Status::OK;
  }

  grpc::Status WatchJobs(grpc::ServerContext*, const job::v1::WatchJobsRequest* request,
                         grpc::ServerWriter<job::v1::WatchJobsResponse>* writer) override {
    return stream(request->cursor(), events.size(), [&](std::size_t i, const std::string& cursor) {
      auto event = events[i];
      event.set_cursor(cursor);
      if (event.has_job()) job = event.job();
      writer->Write(event);
    });
  }

  grpc::Status StreamResults(grpc::ServerContext*, const job::v1::StreamResultsRequest* request,
                             grpc::ServerWriter<job::v1::StreamResultsResponse>* writer) override {
    return stream(request->cursor(), results.size(), [&](std::size_t i, const std::string& cursor) {
      job::v1::StreamResultsResponse response;
      response.set_cursor(cursor);
      *response.add_results() = results[i];
      writer->Write(response);
    });
  }

 private:
  // Writes what follows `cursor`, but breaks after messages_a_call.
  template <class Write>
  grpc::Status stream(const std::string& cursor, std::size_t count, const Write& write) {
    cursors.push_back(cursor);
    if (failures-- > 0) return kUnavailable;
    std::size_t next = cursor.empty() ? 0 : std::stoull(cursor);
    for (int written = 0; next < count; ++written) {
      if (written == messages_a_call) return kUnavailable;
      write(next, std::to_string(next + 1));
      ++next;
    }
    return grpc::Status::OK;
  }
};

class FakeArtifacts final : public artifact::v1::ArtifactService::Service {
 public:
  std::map<std::string, std::string> stored;  // by digest
  int uploads = 0;
  int failures = 0;

  grpc::Status FindMissing(grpc::ServerContext*, const artifact::v1::FindMissingRequest* request,
                           artifact::v1::FindMissingResponse* response) override {
    for (const auto& digest : request->digests()) {
      if (!stored.contains(digest)) response->add_missing(digest);
    }
    return grpc::Status::OK;
  }

  grpc::Status Upload(grpc::ServerContext*, grpc::ServerReader<artifact::v1::UploadRequest>* reader,
                      artifact::v1::UploadResponse*) override {
    artifact::v1::UploadRequest request;
    std::string digest, bytes;
    while (reader->Read(&request)) {
      if (!request.digest().empty()) digest = request.digest();
      bytes += request.data();
    }
    ++uploads;
    if (failures-- > 0) return kUnavailable;
    if (sha256(bytes) != digest) return {grpc::StatusCode::INVALID_ARGUMENT, "digest"};
    stored[digest] = bytes;
    return grpc::Status::OK;
  }

  // Breaks off after three bytes while there are failures left.
  grpc::Status Download(grpc::ServerContext*, const artifact::v1::DownloadRequest* request,
                        grpc::ServerWriter<artifact::v1::DownloadResponse>* writer) override {
    const auto found = stored.find(request->digest());
    if (found == stored.end()) {
      return {grpc::StatusCode::NOT_FOUND, "artifact " + request->digest() + ": not found"};
    }
    const bool breaks = failures-- > 0;
    artifact::v1::DownloadResponse response;
    response.set_size_bytes(found->second.size());
    response.set_data(found->second.substr(request->offset(), breaks ? 3 : std::string::npos));
    writer->Write(response);
    return breaks ? kUnavailable : grpc::Status::OK;
  }
};

// One zone, one node, one site.
class FakeFleet final : public fleet::v1::FleetService::Service {
 public:
  fleet::v1::GetCapacityResponse capacity;
  unsigned hours_asked = 0;
  fleet::v1::GetZoneHistoryResponse history;
  fleet::v1::GetZoneHistoryRequest history_asked;
  fleet::v1::Zone zone;
  fleet::v1::Node node;
  fleet::v1::Site site;
  std::string reason;

  grpc::Status GetCapacity(grpc::ServerContext*, const fleet::v1::GetCapacityRequest* request,
                           fleet::v1::GetCapacityResponse* response) override {
    hours_asked = request->hours();
    *response = capacity;
    return grpc::Status::OK;
  }
  grpc::Status GetZone(grpc::ServerContext*, const fleet::v1::GetZoneRequest* request,
                       fleet::v1::GetZoneResponse* response) override {
    *response->mutable_zone() = zone;
    return known("zone", request->zone_id(), zone.zone_id());
  }
  fleet::v1::SetHolidayRequest holiday_asked;
  grpc::Status SetHoliday(grpc::ServerContext*, const fleet::v1::SetHolidayRequest* request,
                          fleet::v1::SetHolidayResponse* response) override {
    holiday_asked = *request;
    zone.mutable_setpoint()->clear_holiday();
    if (request->has_holiday()) *zone.mutable_setpoint()->mutable_holiday() = request->holiday();
    *response->mutable_zone() = zone;
    return known("zone", request->zone_id(), zone.zone_id());
  }
  grpc::Status GetZoneHistory(grpc::ServerContext*, const fleet::v1::GetZoneHistoryRequest* request,
                              fleet::v1::GetZoneHistoryResponse* response) override {
    history_asked = *request;
    *response = history;
    return known("zone", request->zone_id(), zone.zone_id());
  }
  grpc::Status GetNode(grpc::ServerContext*, const fleet::v1::GetNodeRequest* request,
                       fleet::v1::GetNodeResponse* response) override {
    *response->mutable_node() = node;
    return known("node", request->node_id(), node.node_id());
  }
  grpc::Status ListSites(grpc::ServerContext*, const fleet::v1::ListSitesRequest*,
                         fleet::v1::ListSitesResponse* response) override {
    *response->add_sites() = site;
    return grpc::Status::OK;
  }
  grpc::Status GetSite(grpc::ServerContext*, const fleet::v1::GetSiteRequest* request,
                       fleet::v1::GetSiteResponse* response) override {
    *response->mutable_site() = site;
    return known("site", request->site_id(), site.site_id());
  }
  grpc::Status SetSiteCap(grpc::ServerContext*, const fleet::v1::SetSiteCapRequest* request,
                          fleet::v1::SetSiteCapResponse* response) override {
    reason = request->reason();
    site.clear_cap_w();
    if (request->has_cap_w()) site.set_cap_w(request->cap_w());
    site.set_cap_reason(request->has_cap_w() ? reason : "");
    *response->mutable_site() = site;
    return known("site", request->site_id(), site.site_id());
  }

 private:
  static grpc::Status known(const char* what, const std::string& asked, const std::string& name) {
    if (asked == name) return grpc::Status::OK;
    return {grpc::StatusCode::NOT_FOUND, std::string(what) + " " + asked + ": unknown"};
  }
};

struct FakeScheduler {
  FakeScheduler() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&jobs);
    builder.RegisterService(&artifacts);
    builder.RegisterService(&fleet);
    server = builder.BuildAndStart();
  }
  ~FakeScheduler() { server->Shutdown(); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port); }

  FakeJobs jobs;
  FakeArtifacts artifacts;
  FakeFleet fleet;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

}  // namespace hearth::cli
