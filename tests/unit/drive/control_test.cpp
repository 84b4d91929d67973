// What goes over the control socket, and what is refused.
#include "engine/drive/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "engine/drive/control_socket.h"

namespace tidemark::drive {
namespace {

using Kind = ControlRequest::Kind;

TEST(ControlLines, GoThereAndBack) {
  for (const ControlRequest& request : {ControlRequest{Kind::status, {}, {}}, ControlRequest{Kind::rate, 2.5, {}},
                                        ControlRequest{Kind::rate, {}, 500.0}, ControlRequest{Kind::pause, {}, {}},
                                        ControlRequest{Kind::resume, {}, {}}, ControlRequest{Kind::stop, {}, {}}}) {
    const auto again = parse_control_request(to_line(request));
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->kind, request.kind);
    EXPECT_EQ(again->factor, request.factor);
    EXPECT_EQ(again->rate, request.rate);
  }
  ControlReply reply;
  reply.status.t_s = 1.5;
  reply.status.state = "paused";
  reply.status.flows.planned = 7;
  reply.status.requests.ok = 3;
  const auto again = parse_control_reply(to_line(reply));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(to_line(*again), to_line(reply));
}

TEST(ControlLines, MalformedOnesAreNamed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "no JSON object"},
      {"pause", "no JSON object"},
      {"[]", "no JSON object"},
      {"{\"do\":\"pause\"", "no JSON object"},
      {"{}", "do is missing"},
      {"{\"do\":3}", "do"},
      {"{\"do\":\"explode\"}", "do"},
      {"{\"do\":\"rate\"}", "either a factor or a rate"},
      {"{\"do\":\"rate\",\"factor\":1,\"rate\":1}", "either a factor or a rate"},
      {"{\"do\":\"pause\",\"rate\":1}", "nothing else has one"},
      {"{\"do\":\"rate\",\"factor\":0}", "0.001 to 1000"},
      {"{\"do\":\"rate\",\"factor\":-2}", "0.001 to 1000"},
      {"{\"do\":\"rate\",\"factor\":\"2\"}", "factor"},
      {"{\"do\":\"rate\",\"rate\":1e9}", "at most 10000000"},
      {"{\"do\":\"rate\",\"rate\":1e999}", "control"},
      {std::string(5000, ' '), "longer than 4096"},
  };
  for (const auto& [line, problem] : cases) {
    const auto request = parse_control_request(line);
    ASSERT_FALSE(request) << line;
    EXPECT_THAT(request.error().message(), testing::HasSubstr(problem)) << line;
  }
}

// A box whose other side is answered by a thread, as the worker would between two turns.
class ControlSocketTest : public testing::Test {
 protected:
  ControlSocketTest()
      : dir_(std::filesystem::path(testing::TempDir()) / ("ctl-" + std::to_string(getpid()) + std::string(90, 'd'))) {
    std::filesystem::create_directories(dir_);
    auto opened = ControlSocket::open(dir_, box_);
    EXPECT_TRUE(opened) << opened.error().message();
    if (opened) socket_ = std::move(*opened);
    worker_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        if (box_.pending()) box_.serve([this](const ControlRequest& request) { return answer(request); });
        std::this_thread::yield();
      }
    });
  }
  ~ControlSocketTest() override {
    worker_ = {};
    socket_.reset();
    std::filesystem::remove_all(dir_);
  }
  ControlReply answer(const ControlRequest& request) {
    ControlReply reply;
    reply.status.state = "running";
    reply.status.factor = request.factor.value_or(1);
    if (request.kind == Kind::stop) reply.problem = "not now";
    return reply;
  }

  std::filesystem::path dir_;  // deeper than the 108 bytes of a socket's address
  ControlBox box_;
  std::unique_ptr<ControlSocket> socket_;
  std::jthread worker_;
};

TEST_F(ControlSocketTest, BelongsToItsOwnerAlone) {
  struct stat status {};
  ASSERT_EQ(stat((dir_ / ControlSocket::kName).c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(ControlSocketTest, CarriesRequestsAndRefusals) {
  const auto reply = ask_run(dir_, {.kind = Kind::rate, .factor = 3, .rate = {}});
  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(reply->status.factor, 3);
  const auto refused = ask_run(dir_, {.kind = Kind::stop, .factor = {}, .rate = {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ExitCode::usage);
  EXPECT_EQ(refused.error().what, "not now");
}

TEST_F(ControlSocketTest, SaysWhenTheRunIsOver) {
  box_.close();
  EXPECT_EQ(ask_run(dir_, {}).error().what, "the run is over");
  socket_.reset();
  const auto gone = ask_run(dir_, {});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ExitCode::environment);
  EXPECT_FALSE(std::filesystem::exists(dir_ / ControlSocket::kName)) << "the record holds files only";
  EXPECT_EQ(ask_run(dir_ / "absent", {}).error().code, ExitCode::usage);
}

TEST(ControlBox, DoesNotWaitForAWorkerThatIsBusyElsewhere) {
  ControlBox box;
  EXPECT_FALSE(box.ask({}, std::chrono::milliseconds(1)));
  EXPECT_FALSE(box.pending()) << "a request that nobody waits for any more is not carried out";
  box.serve([](const ControlRequest&) -> ControlReply {
    ADD_FAILURE() << "served";
    return {};
  });
}

}  // namespace
}  // namespace tidemark::drive
