// The table of who may call what.
#include "scheduler/rpc/access.h"

#include <gmock/gmock.h>

#include "hearth/admin/v1/admin.grpc.pb.h"
#include "hearth/artifact/v1/artifact.grpc.pb.h"
#include "hearth/fleet/v1/fleet.grpc.pb.h"
#include "hearth/job/v1/job.grpc.pb.h"
#include "hearth/node/v1/node.grpc.pb.h"
#include "hearth/trust/v1/trust.grpc.pb.h"

namespace hearth::scheduler {
namespace {

using tls::Identity;
using tls::Role;

std::vector<std::string> methods_of(const google::protobuf::FileDescriptor& file) {
  std::vector<std::string> names;
  for (int s = 0; s < file.service_count(); ++s) {
    const auto& service = *file.service(s);
    for (int m = 0; m < service.method_count(); ++m) {
      names.push_back("/" + service.full_name() + "/" + service.method(m)->name());
    }
  }
  return names;
}

std::vector<std::string> all_methods() {
  std::vector<std::string> names;
  for (const auto* file : {admin::v1::BackupRequest::descriptor()->file(),
                           artifact::v1::UploadRequest::descriptor()->file(),
                           fleet::v1::GetZoneRequest::descriptor()->file(),
                           job::v1::GetJobRequest::descriptor()->file(),
                           node::v1::ConnectRequest::descriptor()->file(),
                           trust::v1::EnrolRequest::descriptor()->file()}) {
    const auto more = methods_of(*file);
    names.insert(names.end(), more.begin(), more.end());
  }
  // Served elsewhere, to strangers: enrolment_server.h.
  std::erase(names, "/hearth.trust.v1.EnrolmentService/Enrol");
  return names;
}

std::string call(std::string_view name) {
  for (const auto& method : all_methods()) {
    if (method.ends_with("/" + std::string{name})) return method;
  }
  ADD_FAILURE() << "no such method: " << name;
  return "";
}

TEST(Access, EveryMethodIsInTheTableOnceAndNothingElse) {
  std::vector<std::string> listed;
  for (const auto& row : method_table()) listed.emplace_back(row.method);
  EXPECT_THAT(listed, testing::UnorderedElementsAreArray(all_methods()));
}

TEST(Access, RolesMayWhatTheyAreFor) {
  const struct {
    const char* name;
    bool read, submit, operate, resident, node;
  } cases[] = {
      {"GetJob", true, true, true, false, false},
      {"GetLogs", true, true, true, false, false},
      {"SubmitJob", false, true, true, false, false},
      {"CancelJob", false, true, true, false, false},
      {"Upload", false, true, true, false, true},
      {"Download", true, true, true, false, true},
      {"ListArtifacts", false, false, true, false, false},
      {"SetSetpoint", false, false, true, true, false},
      {"GetZoneHistory", false, false, true, true, false},
      {"ListZones", false, false, true, false, false},
      {"DrainNode", false, false, true, false, false},
      {"PauseQueue", false, false, true, false, false},
      {"Backup", false, false, true, false, false},
      {"Connect", false, false, false, false, true},
      {"RenewCertificate", false, false, false, false, true},
      {"CreateEnrolment", false, false, true, false, false},
      {"RevokeCertificates", false, false, true, false, false},
  };
  for (const auto& one : cases) {
    const auto method = call(one.name);
    const auto may = [&](Role role) { return may_call({role, "bank", "kitchen", "ann"}, method); };
    EXPECT_EQ(may(Role::kRead), one.read) << one.name;
    EXPECT_EQ(may(Role::kSubmit), one.submit) << one.name;
    EXPECT_EQ(may(Role::kOperate), one.operate) << one.name;
    EXPECT_EQ(may(Role::kResident), one.resident) << one.name;
    EXPECT_EQ(may(Role::kNode), one.node) << one.name;
  }
}

TEST(Access, WhoReadsMayNothingThatWhoSubmitsMayNot) {
  for (const auto& row : method_table()) EXPECT_TRUE(row.submit || !row.read) << row.method;
}

TEST(Access, UnknownMethodsAreTheOperators) {
  const std::string future = "/hearth.job.v1.JobService/BurnEverything";
  EXPECT_FALSE(may_call({Role::kSubmit, "bank", "", "ann"}, future));
  EXPECT_TRUE(may_call({Role::kOperate, "bank", "", "eve"}, future));
  EXPECT_TRUE(may_call({Role::kRead, "bank", "", "ann"}, "/grpc.health.v1.Health/Check"));
}

}  // namespace
}  // namespace hearth::scheduler
