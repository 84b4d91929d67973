// The pool of a store's connections, against links that do as they are told and open no socket.
#include "engine/drive/store_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "engine/drive/request_plan.h"

namespace tidemark::drive {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct FakeLink;
std::map<std::uint32_t, FakeLink*> links;  // alive and not closed, by number

struct FakeLink final : StoreLink {
  explicit FakeLink(const LinkPlace& at) : place(at) { links[at.number] = this; }
  ~FakeLink() override { close(); }
  bool connect() override { return fails_at_once; }
  bool send(const StoreRequest& request) override {
    sent.push_back(request.arguments.front());
    return false;
  }
  void on_event(bool, bool) override {
    if (fails_at_once) place.owner->on_link_lost(place.number, "refused");
  }
  void close() override {
    const auto found = links.find(place.number);
    if (found != links.end() && found->second == this) links.erase(found);
  }

  void open() { place.owner->on_link_open(place.number); }
  void answer() { place.owner->on_link_answer(place.number, {.status = 0, .header_lines = {}, .body = "1"}); }
  void lose(const char* why) { place.owner->on_link_lost(place.number, why); }

  LinkPlace place;
  static inline bool fails_at_once = false;
  static inline std::vector<std::string> sent;
};

struct FakeDialect final : StoreDialect {
  std::unique_ptr<StoreLink> make_link(const LinkPlace& place) override { return std::make_unique<FakeLink>(place); }
  std::optional<std::string> translate(const Rendered& request, StoreRequest& call) override {
    if (request.words.front() == "bad") return "cannot be sent";
    call.arguments = request.words;
    return std::nullopt;
  }
};

struct Heard final : Channel::Owner {
  void on_sent(std::uint32_t exchange) override { sent.push_back(exchange); }
  void on_answer(std::uint32_t exchange, const Answer&) override {
    answered.push_back(exchange);
    if (then) std::exchange(then, nullptr)();
  }
  void on_failure(std::uint32_t exchange, std::string_view why, bool connecting) override {
    failed.push_back(std::to_string(exchange) + " " + std::string(why) + (connecting ? " (connecting)" : ""));
  }
  void on_room() override { ++rooms; }
  std::vector<std::uint32_t> sent, answered;
  std::vector<std::string> failed;
  std::function<void()> then;
  int rooms = 0;
};

class StorePoolTest : public ::testing::Test {
 protected:
  StorePoolTest() {
    links.clear();
    FakeLink::sent.clear();
    FakeLink::fails_at_once = false;
  }
  bool submit(std::uint32_t exchange, const std::string& word = "w") {
    Rendered request;
    request.words = {word};
    return pool_.submit(exchange, request);
  }
  Heard heard_;
  StorePool pool_{{.loop = nullptr,
                   .tag = 0,
                   .owner = &heard_,
                   .most_connections = 2,
                   .connect_limit = std::chrono::seconds(1),
                   .start = Clock::now()},
                  std::make_unique<FakeDialect>()};
};

TEST_F(StorePoolTest, OpensConnectionsAsCallsNeedThemUpToTheLimit) {
  EXPECT_TRUE(submit(1) && submit(2));
  EXPECT_FALSE(submit(3));
  EXPECT_EQ(pool_.open_connections(), 2U);
  EXPECT_THAT(heard_.sent, IsEmpty());
  links.at(1)->open();  // the second one is sooner: it takes the first call
  EXPECT_THAT(heard_.sent, ElementsAre(1U));
  links.at(0)->open();
  EXPECT_THAT(heard_.sent, ElementsAre(1U, 2U));
  EXPECT_EQ(heard_.rooms, 0);
  links.at(0)->answer();
  EXPECT_THAT(heard_.answered, ElementsAre(2U));
  EXPECT_EQ(heard_.rooms, 1);
  EXPECT_TRUE(submit(3));
  EXPECT_EQ(pool_.open_connections(), 2U);
}

TEST_F(StorePoolTest, WhatIsSubmittedFromAnAnswerTakesTheFreeConnection) {
  submit(1);
  links.at(0)->open();
  heard_.then = [this] { EXPECT_TRUE(submit(1, "next")); };
  links.at(0)->answer();
  EXPECT_THAT(FakeLink::sent, ElementsAre("w", "next"));
  EXPECT_EQ(pool_.open_connections(), 1U);
}

TEST_F(StorePoolTest, WhoHasWaitedLongerComesBeforeWhatAnAnswerSubmits) {
  submit(1, "one");
  links.at(0)->open();
  submit(2, "two");                                            // waits for a second connection
  heard_.then = [this] { EXPECT_FALSE(submit(3, "three")); };  // the free connection is kept for the second
  links.at(0)->answer();
  EXPECT_THAT(FakeLink::sent, ElementsAre("one", "two"));
  EXPECT_EQ(heard_.rooms, 1);  // the one being made is for the third
  EXPECT_TRUE(submit(3, "three"));
  links.at(1)->open();
  EXPECT_THAT(FakeLink::sent, ElementsAre("one", "two", "three"));
}

TEST_F(StorePoolTest, AConnectionThatCannotBeMadeFailsTheCallThatHasWaitedLongest) {
  submit(1);
  submit(2);
  links.at(1)->lose("refused");
  EXPECT_THAT(heard_.failed, ElementsAre("1 connect: refused (connecting)"));
  links.at(0)->open();
  EXPECT_THAT(heard_.sent, ElementsAre(2U));
}

TEST_F(StorePoolTest, NothingIsToldFromInsideSubmit) {
  FakeLink::fails_at_once = true;
  EXPECT_TRUE(submit(1));
  EXPECT_TRUE(submit(2, "bad"));
  EXPECT_THAT(heard_.failed, IsEmpty());
  EXPECT_EQ(pool_.next_timer(), 0);
  pool_.flush();
  EXPECT_THAT(heard_.failed, ElementsAre("2 cannot be sent", "1 connect: refused (connecting)"));
  EXPECT_EQ(pool_.open_connections(), 0U);
}

TEST_F(StorePoolTest, AConnectionThatEndsTakesItsCallAlongAndNoOther) {
  submit(1);
  submit(2);
  links.at(0)->open();
  links.at(1)->open();
  links.at(0)->lose("reset");
  EXPECT_THAT(heard_.failed, ElementsAre("1 reset"));
  links.at(1)->answer();
  links.at(1)->lose("closed");  // at rest: nobody fails
  EXPECT_EQ(heard_.failed.size(), 1U);
  EXPECT_EQ(pool_.open_connections(), 0U);
  EXPECT_TRUE(submit(3));
}

TEST_F(StorePoolTest, ACancelledCallIsNotHeardOfAgain) {
  submit(1);
  submit(2);
  links.at(0)->open();  // carries 1; 2 waits
  EXPECT_FALSE(submit(3));
  pool_.cancel(2);  // from the queue
  pool_.cancel(1);  // its connection is closed: the answer would be taken for the next one's
  EXPECT_FALSE(links.contains(0));
  pool_.flush();
  EXPECT_EQ(heard_.rooms, 1);  // told to who was turned away
  EXPECT_TRUE(submit(3));
  links.at(1)->open();
  EXPECT_THAT(heard_.sent, ElementsAre(1U, 3U));
  submit(4, "bad");
  pool_.cancel(4);
  pool_.flush();
  EXPECT_THAT(heard_.failed, IsEmpty());
}

TEST_F(StorePoolTest, ConnectingHasItsTime) {
  submit(1);
  const std::int64_t due = pool_.next_timer();
  EXPECT_GT(due, 0);
  pool_.on_timer(due - 1);
  EXPECT_THAT(heard_.failed, IsEmpty());
  pool_.on_timer(due);
  EXPECT_THAT(heard_.failed, ElementsAre("1 connect: timed out (connecting)"));
  EXPECT_EQ(pool_.next_timer(), INT64_MAX);
}

TEST_F(StorePoolTest, AnEventOfAnEarlierConnectionIsNotTheLaterOnes) {
  submit(1);
  const auto first = static_cast<std::uint32_t>(links.at(0)->place.tag);
  links.at(0)->lose("refused");
  submit(2);
  FakeLink::fails_at_once = true;  // an event that reached the link would lose it
  pool_.on_event(first, true, true);
  EXPECT_EQ(heard_.failed.size(), 1U);
  pool_.on_event(static_cast<std::uint32_t>(links.at(0)->place.tag), true, true);
  EXPECT_EQ(heard_.failed.size(), 2U);
}

}  // namespace
}  // namespace tidemark::drive
