#include "engine/record/node_summary.h"

#include <gtest/gtest.h>

namespace tidemark::record {
namespace {

// A node with a pool of 4, sampled each second; each call appends a second with these shares.
class Node {
 public:
  explicit Node(std::string name, std::uint32_t workers = 4) {
    now_.node = std::move(name);
    now_.service = "product";
    now_.workers = workers;
    samples_.push_back(now_);
  }
  Node& second(double busy_slots, double cpu = 0, double waiting = 0, int times = 1) {
    for (; times > 0; --times) {
      now_.t_s += 1;
      now_.busy_seconds += busy_slots;
      now_.cpu_seconds += cpu;
      now_.wait_seconds += waiting;
      ++now_.completed;
      samples_.push_back(now_);
    }
    return *this;
  }
  Node& missed() {
    now_.t_s += 1;
    WatermarkSample sample = now_;
    sample.missed = true;
    samples_.push_back(sample);
    return *this;
  }
  WatermarkSample& now() { return now_; }
  WatermarkSample& last() { return samples_.back(); }
  const std::vector<WatermarkSample>& samples() const { return samples_; }
  NodeSummary summary() const { return summarise_nodes(samples_).nodes.at(now_.node); }

 private:
  WatermarkSample now_;
  std::vector<WatermarkSample> samples_;
};

TEST(NodeSummary, KeepsTheHighestLevelAndItsSecond) {
  Node node("product-1");
  node.second(1, 0.2).second(3, 0.7).second(2, 0.4);
  node.last().queued_max = 9;
  const NodeSummary summary = node.summary();
  EXPECT_EQ(summary.service, "product");
  EXPECT_DOUBLE_EQ(summary.busy_share_max, 0.75);
  EXPECT_EQ(summary.busy_share_max_t_s, 1);
  EXPECT_DOUBLE_EQ(summary.cpu_share_max, 0.7);
  EXPECT_EQ(summary.queued_max, 9u);
  EXPECT_EQ(summary.saturated_at_s, -1);
  EXPECT_EQ(summary.saturated_by, "");
}

TEST(NodeSummary, ThreeSecondsSaturateAndTwoDoNot) {
  EXPECT_EQ(Node("n").second(4, 0, 0, 2).second(1).second(4, 0, 0, 2).summary().saturated_at_s, -1);
  const NodeSummary workers = Node("n").second(1).second(3.7, 0, 0, 3).summary();
  EXPECT_EQ(workers.saturated_at_s, 1);
  EXPECT_EQ(workers.saturated_by, "workers");
  const NodeSummary cpu = Node("n").second(1, 0.95, 0, 3).summary();
  EXPECT_EQ(cpu.saturated_at_s, 0);
  EXPECT_EQ(cpu.saturated_by, "cpu");
  const NodeSummary wait = Node("n").second(2).second(2, 0, 2.5, 3).summary();
  EXPECT_EQ(wait.saturated_at_s, 1);
  EXPECT_EQ(wait.saturated_by, "wait");
}

TEST(NodeSummary, NamesTheEarliestCauseAndTheProcessorOnATie) {
  EXPECT_EQ(Node("n").second(4, 0.95, 9, 3).summary().saturated_by, "cpu");
  EXPECT_EQ(Node("n").second(4, 0.1, 9, 3).summary().saturated_by, "workers");
  EXPECT_EQ(Node("n").second(1, 0, 2).second(4, 0.95, 9, 3).summary().saturated_by, "wait");
}

TEST(NodeSummary, APoolWithoutBoundIsNeverFull) {
  const NodeSummary summary = Node("n", 0).second(50, 0.1, 0, 5).summary();
  EXPECT_EQ(summary.saturated_at_s, -1);
  EXPECT_EQ(summary.busy_share_max, 0);
}

TEST(NodeSummary, HandOverOnAnIdleNodeIsNoQueue) {
  EXPECT_EQ(Node("n").second(0.001, 0, 0.002, 5).summary().saturated_at_s, -1);
}

TEST(NodeSummary, CountsMissedSamplesAndAveragesAcrossThem) {
  Node node("n");
  node.second(4).missed();
  node.now().busy_seconds += 4;  // it was busy while it did not answer
  node.second(4).second(1);
  const NodeSummary summary = node.summary();
  EXPECT_EQ(summary.missed_samples, 1u);
  EXPECT_EQ(summary.saturated_at_s, 0);
  EXPECT_DOUBLE_EQ(summary.busy_share_max, 1);
}

TEST(NodeSummary, ARestartedNodeStartsAnew) {
  Node node("n");
  node.second(4, 0, 0, 2);
  node.now().busy_seconds = node.now().cpu_seconds = 0;
  node.now().completed = 0;
  node.second(0).second(4, 0, 0, 2);
  const NodeSummary summary = node.summary();
  EXPECT_EQ(summary.saturated_at_s, -1);
  EXPECT_DOUBLE_EQ(summary.busy_share_max, 1);
}

TEST(NodeSummary, RefusalsCountFromTheFirstSample) {
  Node node("n");
  WatermarkSample first = node.samples()[0];
  first.refused = 100;
  WatermarkSample later = first;
  later.t_s = 1;
  later.refused = 107;
  EXPECT_EQ(summarise_nodes({later, first}).nodes.at("n").refused, 7u) << "in any order";
}

TEST(NodeSummary, FirstSaturatedIsTheEarliestNode) {
  const Node idle = Node("a").second(1, 0, 0, 6);
  const Node late = Node("b").second(1, 0, 0, 2).second(4, 0, 0, 3);
  const Node early = Node("c").second(1).second(1, 0.95, 0, 3);
  std::vector<WatermarkSample> samples;
  for (const Node* node : {&late, &idle, &early}) {
    samples.insert(samples.end(), node->samples().begin(), node->samples().end());
  }
  const NodeSummaries summaries = summarise_nodes(samples);
  EXPECT_EQ(summaries.first_saturated, "c (cpu)");
  EXPECT_EQ(summaries.nodes.size(), 3u);
  EXPECT_EQ(summarise_nodes(idle.samples()).first_saturated, "");
  EXPECT_TRUE(summarise_nodes({}).nodes.empty());
}

TEST(NodeSummary, OnlyMissedSamplesSayNothingElse) {
  Node node("n");
  std::vector<WatermarkSample> samples(3, node.samples()[0]);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i].missed = true;
    samples[i].t_s = static_cast<double>(i);
  }
  const NodeSummary summary = summarise_nodes(samples).nodes.at("n");
  EXPECT_EQ(summary.missed_samples, 3u);
  EXPECT_EQ(summary.saturated_at_s, -1);
}

}  // namespace
}  // namespace tidemark::record
