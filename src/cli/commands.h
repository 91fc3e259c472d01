// One function per group of commands: declares it, and sets session.command where it is chosen.
#pragma once

namespace CLI {
class App;
}

namespace hearth::cli {

class Session;

// The session must outlive the app.
void add_submit_command(CLI::App& app, Session& session);
void add_job_commands(CLI::App& app, Session& session);
void add_job_control_commands(CLI::App& job_commands, Session& session);
// Both `hearth results` and `hearth job results`.
void add_results_command(CLI::App& commands, Session& session);
void add_logs_command(CLI::App& task_commands, Session& session);
void add_task_commands(CLI::App& app, Session& session);
void add_node_commands(CLI::App& app, Session& session);
void add_zone_commands(CLI::App& app, Session& session);
void add_zone_heat_commands(CLI::App& zone_commands, Session& session);
void add_zone_holiday_command(CLI::App& zone_commands, Session& session);
void add_zone_history_command(CLI::App& zone_commands, Session& session);
void add_site_commands(CLI::App& app, Session& session);
void add_tenant_commands(CLI::App& app, Session& session);
void add_capacity_command(CLI::App& app, Session& session);
void add_quote_command(CLI::App& app, Session& session);
void add_artifact_commands(CLI::App& app, Session& session);
void add_queue_commands(CLI::App& app, Session& session);
void add_admin_commands(CLI::App& app, Session& session);
void add_ca_commands(CLI::App& admin_commands, Session& session);
void add_trust_commands(CLI::App& admin_commands, Session& session);
void add_node_trust_commands(CLI::App& node_commands, Session& session);

}  // namespace hearth::cli
