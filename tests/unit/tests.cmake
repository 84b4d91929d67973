
tidemark_test(NAME models_tests LABEL unit OPTIMISED
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/models/chain_simulator.cpp
          ${CMAKE_CURRENT_LIST_DIR}/models/files_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/models/fit_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/models/plan_comes_true_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/models/plan_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/models/queueing_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/models/scaling_laws_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/models/search_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/models/simulated_system.cpp
          ${CMAKE_CURRENT_LIST_DIR}/models/slo_watch_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/models/verify_test.cpp
  LINK tidemark::models)

tidemark_test(NAME core_tests LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/core/histogram_codec_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/core/settings_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/core/histogram_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/core/json_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/core/summary_schema_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/core/trace_id_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/record/killed_run_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/record/node_summary_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/record/record_lines_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/record/run_reader_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/record/run_writer_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/record/sample_run.cpp
          ${CMAKE_CURRENT_LIST_DIR}/record/write_faults_test.cpp
  LINK tidemark::core ZLIB::ZLIB)
tidemark_test(NAME schedule_tests LABEL unit LINK tidemark::core SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/schedule/access_log_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/arrival_kinds_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/arrivals_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/protocol_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/load_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/random_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/scenario_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/schema_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/shape_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/text_table_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/condition_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/feeder_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/scenario_language_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/template_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/think_time_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/store_step_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/threshold_test.cpp
)
tidemark_test(NAME guard_tests LABEL unit OPTIMISED LINK tidemark::core SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/guard/limited_node.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/limiter_behaviour_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/limiter_settings_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/limiter_vectors_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/tide_limiter_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/breaker_settings_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/false_trips_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/address_list_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/degrade_plan_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/guard_settings_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/isolation_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/retry_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/rival_breakers_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/sequential_breaker_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/token_bucket_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/window_limit_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/guard/worker_pool_test.cpp
)

tidemark_test(NAME drive_tests LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/drive/decisions_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/grpc_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/h2_session_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/control_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/pacing_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/request_plan_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/content_coding_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/cookie_jar_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/flow_program_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/lua_sandbox_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/redirect_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/request_dressing_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/response_framing_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/user_pool_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/threshold_watch_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/store_names_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/store_pool_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/wakeful_core_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drive/worker_channels_test.cpp
  LINK tidemark::io)

# net, traffic, observe and live: the program that the tsan preset runs too.
tidemark_test(NAME io_tests LABEL io LINK tidemark::io SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/live/feed_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/live/run_metrics_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/live/terminal_view_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/net/fault_gate_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/net/http_client_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/net/http_parser_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/net/http_server_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/net/message_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/net/task_group_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/observe/json_log_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/observe/node_metrics_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/observe/scraper_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/traffic/scrubber_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/traffic/shadow_tag_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/traffic/target_guard_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/traffic/target_policy_test.cpp
)

tidemark_test(NAME shop_tests LABEL unit LINK tidemark::shop SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/shop/fault_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/shop/guard_config_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/shop/idle_nodes_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/schedule/scenario_check_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/shop/node_counters_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/shop/node_guards_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/shop/priority_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/shop/registry_table_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/shop/service_time_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/shop/stack_pin_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/shop/tag_gate_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/shop/topology_test.cpp
)

tidemark_test(NAME stores_tests LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/shop_stores/audit_rules_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/shop_stores/event_log_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/shop_stores/memory_cache_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/shop_stores/resp_codec_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/shop_stores/store_tables_test.cpp
  LINK tidemark::shop PkgConfig::sqlite3)

tidemark_test(NAME reports_tests LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/reports/call_graph_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/reports/html_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/reports/levels_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/reports/numbers_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/reports/report_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/reports/sample_report.cpp
  LINK tidemark::reports)

tidemark_test(NAME twin_tests LABEL unit OPTIMISED
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/models/chain_simulator.cpp
          ${CMAKE_CURRENT_LIST_DIR}/twin/autoscaler_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/twin/check_system_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/twin/event_queue_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/twin/run_directory_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/twin/like_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/twin/service_time_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/twin/simulation_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/twin/system_file_test.cpp
  LINK tidemark::models)

tidemark_test(NAME duel_tests LABEL unit OPTIMISED LINK tidemark::models SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/duel/duel_test.cpp
)
