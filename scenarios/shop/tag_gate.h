// Decides the shadow tag of work that arrives at a node, so that nothing runs undecided. A pure decision but for a
// small memory of tags already verified: a run has at most a few flows, and an HMAC for every hop would cost more than
// the rest of the hop's bookkeeping. Not thread-safe: one owner.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/traffic/shadow_tag.h"

namespace tidemark::shop {

class TagGate {
 public:
  enum class Verdict {
    decided,
    absent,     // no tag where one is required
    malformed,  // neither "live" nor the syntax of a tag
    forged,     // well formed, but not signed with this stack's key
  };
  struct Decision {
    Verdict verdict = Verdict::absent;
    traffic::ShadowTag tag;  // valid when decided
  };

  // `edge`: an absent tag is stamped live, since whatever comes from outside untagged is a customer.
  TagGate(std::string key, bool edge);
  Decision decide(std::string_view header_value);
  bool edge() const { return edge_; }

 private:
  traffic::TagSigner signer_;
  bool edge_;
  std::unordered_map<std::string, traffic::ShadowTag> verified_;  // header value -> tag, at most kRemembered
};

const char* text_of(TagGate::Verdict verdict);

}  // namespace tidemark::shop
