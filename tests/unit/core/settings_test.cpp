#include "engine/core/settings.h"

#include <gtest/gtest.h>

#include <array>

namespace tidemark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

enum class Colour : std::uint8_t { red, green };
constexpr std::array<std::string_view, 2> kColours = {"red", "green"};

struct Wheel {
  std::uint32_t spokes = 36;
};
struct Cart {
  double load = 0.5;
  std::uint32_t wheels = 2;
  bool bell = false;
  Nanos wait = milliseconds(50);
  Colour colour = Colour::red;
  std::string owner = "nobody";
  std::vector<std::string> stops;
  Wheel front;
  std::optional<Wheel> spare;
  std::vector<Wheel> more;
};

template <class Fields, class Self>
void wheel_fields(Fields& fields, Self& self) {
  fields.count("spokes", self.spokes, 1, 100);
}

template <class Fields, class Self>
void cart_fields(Fields& fields, Self& self) {
  const auto wheel = [](auto& in, auto& part) { wheel_fields(in, part); };
  fields.number("load", self.load, 0, 1);
  fields.count("wheels", self.wheels, 1, 4);
  fields.flag("bell", self.bell);
  fields.duration("wait", self.wait, Nanos{}, seconds(1));
  fields.word("colour", self.colour, kColours);
  fields.text("owner", self.owner);
  fields.texts("stops", self.stops);
  fields.part("front", self.front, wheel);
  fields.optional_part("spare", self.spare, wheel);
  fields.list("more", self.more, 2, wheel);
}

std::string problems(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  SettingsReader reader(json, "a.yaml:3: cart");
  Cart cart;
  cart_fields(reader, cart);
  const auto error = reader.finish();
  return error ? error->message() : "";
}

nlohmann::json round_trip(const nlohmann::json& json) {
  SettingsReader reader(json, "");
  Cart cart;
  cart_fields(reader, cart);
  EXPECT_FALSE(reader.finish());
  SettingsWriter writer;
  cart_fields(writer, cart);
  return writer.take();
}

TEST(Settings, WhatIsAbsentKeepsItsDefault) {
  const nlohmann::json all = round_trip(nlohmann::json::object());
  EXPECT_EQ(all, nlohmann::json::parse(R"({"load":0.5,"wheels":2,"bell":false,"wait":"50ms","colour":"red",
    "owner":"nobody","stops":[],"front":{"spokes":36},"more":[]})"));
  EXPECT_EQ(round_trip(all), all);
}

TEST(Settings, WhatIsWrittenIsReadBackTheSame) {
  const auto json = nlohmann::json::parse(R"({"load":0.25,"wheels":4,"bell":true,"wait":"1500us","colour":"green",
    "owner":"x","stops":["a","b"],"front":{"spokes":1},"spare":{"spokes":7},"more":[{"spokes":2},{"spokes":3}]})");
  EXPECT_EQ(round_trip(json), json);
}

TEST(Settings, ScalarsMayComeAsText) {
  const auto json = nlohmann::json::parse(R"({"load":"0.25","wheels":"4","bell":"true","spare":{}})");
  const nlohmann::json read = round_trip(json);
  EXPECT_EQ(read["load"], 0.25);
  EXPECT_EQ(read["wheels"], 4);
  EXPECT_EQ(read["bell"], true);
  EXPECT_EQ(read["spare"]["spokes"], 36) << "{} is the part with its defaults";
}

TEST(Settings, EveryProblemIsSaidAtOnceWithTheNearestWord) {
  EXPECT_EQ(problems(R"({"load":2,"wheels":0.5,"bell":"maybe","wait":"5 ms","colour":"gren","stops":["a",1],
    "front":{"spoke":3},"more":[{"spokes":1},{"spokes":0}],"wiat":"1s"})"),
            "a.yaml:3: cart.load: 2 must be a number from 0 to 1\n"
            "a.yaml:3: cart.wheels: 0.5 must be a whole number from 1 to 4\n"
            "a.yaml:3: cart.bell: 'maybe' must be true or false\n"
            "a.yaml:3: cart.wait: '5 ms' is not a duration: a number and ns, us, ms, s, m or h, as in 50ms\n"
            "a.yaml:3: cart.colour: 'gren' is none of red, green (did you mean 'green'?)\n"
            "a.yaml:3: cart.stops: must be a list of texts\n"
            "a.yaml:3: cart.front: no field 'spoke' (did you mean 'spokes'?)\n"
            "a.yaml:3: cart.more[1].spokes: 0 must be a whole number from 1 to 100\n"
            "a.yaml:3: cart: no field 'wiat' (did you mean 'wait'?)");
}

TEST(Settings, ThingsOfTheWrongShapeAreNamed) {
  EXPECT_EQ(problems("[]"), "a.yaml:3: cart: [] must be an object of settings");
  EXPECT_EQ(problems(R"({"front":3,"spare":"x","more":{}})"),
            "a.yaml:3: cart.front: 3 must be an object of settings\n"
            "a.yaml:3: cart.spare: 'x' must be an object of settings\n"
            "a.yaml:3: cart.more: must be a list");
  EXPECT_EQ(problems(R"({"more":[{},{},{}],"wait":"2s","wheels":-1})"),
            "a.yaml:3: cart.wheels: -1 must be a whole number from 1 to 4\n"
            "a.yaml:3: cart.wait: '2s' is outside 0s to 1s\n"
            "a.yaml:3: cart.more: at most 2 entries");
  EXPECT_EQ(problems(R"({"spare":null})"), "") << "null is none";
}

}  // namespace
}  // namespace tidemark
