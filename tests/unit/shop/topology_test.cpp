#include "scenarios/shop/topology.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scenarios/shop/node_config.h"

namespace tidemark::shop {
namespace {

TEST(Topology, DefaultKnowsAllElevenServices) {
  const Topology& topology = default_topology();
  EXPECT_EQ(topology.services.size(), 11U);
  for (const auto& name : service_names()) EXPECT_TRUE(topology.services.contains(name)) << name;
  EXPECT_EQ(topology.services.at("product").workers, 4U);
  EXPECT_EQ(topology.services.at("product").operations.at("get").mean, std::chrono::milliseconds(20));
}

TEST(Topology, WhatAFileLeavesOutIsTheDefault) {
  const auto topology = parse_topology(
      "name: mine\nservices:\n  product: {nodes: 3, operations: {get: {mean: 1.5ms}}}\n  cache: {nodes: 2}\n",
      "t.yaml");
  ASSERT_TRUE(topology) << topology.error().message();
  const auto& product = topology->services.at("product");
  EXPECT_EQ(topology->name, "mine");
  EXPECT_EQ(product.nodes, 3U);
  EXPECT_EQ(product.workers, 4U);
  EXPECT_EQ(product.operations.at("get").mean, std::chrono::microseconds(1500));
  EXPECT_DOUBLE_EQ(product.operations.at("get").cv, 0.6);
  EXPECT_EQ(topology->services.at("cache").nodes, 2U);
  EXPECT_TRUE(parse_topology("", "empty.yaml"));
}

TEST(Topology, SurvivesItsOwnText) {
  Topology topology = default_topology();
  topology.strip_tag_towards = "retry:product";
  topology.inventory_by = "event";
  topology.cpu = 1;
  topology.services["order"].nodes = 5;
  const auto again = parse_topology(to_yaml(topology), "again.yaml");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(to_yaml(*again), to_yaml(topology));
  EXPECT_EQ(again->services.at("order").nodes, 5U);
  EXPECT_EQ(again->services.at("payment").operations.at("charge").mean, std::chrono::milliseconds(8));
}

struct Wrong {
  const char* yaml;
  std::vector<std::string> said;
};

TEST(Topology, ErrorsNameFileLineAndField) {
  const std::vector<Wrong> cases{
      {"services:\n  produkt: {nodes: 1}\n", {"t.yaml:2: services.produkt: no such service"}},
      {"services:\n  product:\n    nodes: 0\n",
       {"t.yaml:3: services.product.nodes: must be a whole number from 1 to 64"}},
      {"services: {product: {nodes: 2.5}}", {"services.product.nodes"}},
      {"services: {product: {nodes: -1}}", {"services.product.nodes"}},
      {"services: {store: {nodes: 2}}", {"services.store.nodes: must be a whole number from 1 to 1"}},
      {"services: {product: {workers: 99999999999999999999}}", {"services.product.workers"}},
      {"services: {product: {operations: {get: {mean: 20}}}}", {"services.product.operations.get.mean", "20ms"}},
      {"services: {product: {operations: {get: {mean: -1ms}}}}", {"mean"}},
      {"services: {product: {operations: {get: {mean: 2h}}}}", {"mean"}},
      {"services: {product: {operations: {get: {mean: 61s}}}}", {"mean"}},
      {"services: {product: {operations: {get: {cv: nan}}}}", {"get.cv: must be a number from 0 to 5"}},
      {"services: {product: {operations: {get: {cpu_share: 1.1}}}}", {"cpu_share"}},
      {"services: {product: {operations: {get: [1]}}}", {"get: must be a mapping"}},
      {"services: [product]", {"services: must be a mapping"}},
      {"nodes: 3", {"t.yaml:1: nodes: no such field"}},
      {"inventory_by: both", {"inventory_by: must be call or event"}},
      {"strip_tag_towards: gateway", {"strip_tag_towards"}},
      {"strip_tag_towards: 'retry:nobody'", {"strip_tag_towards"}},
      {"schema: tidemark.topology/9", {"schema: must be tidemark.topology/1"}},
      {"services: {product: {nodes: 1", {"t.yaml:"}},
      {"seed: -5\ncpu: x\nservices:\n  order: {workers: 0}\n",
       {"t.yaml:1: seed", "t.yaml:2: cpu", "t.yaml:4: services.order.workers"}}};
  for (const auto& wrong : cases) {
    const auto topology = parse_topology(wrong.yaml, "t.yaml");
    ASSERT_FALSE(topology) << wrong.yaml;
    EXPECT_EQ(topology.error().code, ExitCode::usage);
    for (const auto& part : wrong.said) {
      EXPECT_NE(topology.error().message().find(part), std::string::npos) << wrong.yaml << "\n"
                                                                          << topology.error().message();
    }
  }
  EXPECT_EQ(load_topology("/no/such.yaml").error().place, "/no/such.yaml");
}

TEST(NodeConfig, SurvivesStandardInput) {
  NodeConfig config;
  config.service = "product";
  config.index = 7;
  config.operations["get"] = {std::chrono::microseconds(1234), 0.7, 0.25};
  config.options["inventory_by"] = "event";
  config.tag_key = "abc";
  config.seed = 1ULL << 60;
  config.registry.port = 4711;
  config.data_dir = "/x/y";
  config.strip_tag_towards = "consumer";
  config.cpu = 1;
  const auto again = parse_node_config(node_config_text(config));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(node_config_text(*again), node_config_text(config));
  EXPECT_EQ(again->name(), "product-7");
  EXPECT_FALSE(parse_node_config("{}"));
  EXPECT_FALSE(parse_node_config(""));
  EXPECT_FALSE(parse_node_config("[1"));
}

}  // namespace
}  // namespace tidemark::shop
