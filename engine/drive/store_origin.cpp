#include "engine/drive/store_origin.h"

#include "engine/drive/store_names.h"
#include "engine/schedule/secrets.h"
#include "engine/traffic/target_guard.h"

namespace tidemark::drive {
namespace {

constexpr std::size_t kMostDatabase = 64;  // bytes of a name, MySQL's own limit

}  // namespace

Result<Origin> store_origin(const schedule::Step& step, const StoreAccess& access, const std::string& place) {
  const auto url = schedule::filled_target(step.store->target, schedule::Secrets::environment);
  auto target = url ? schedule::parse_store_target(*url) : tl::make_unexpected(url.error());
  if (!target) {
    target.error().place = place + ": " + target.error().place;
    return tl::make_unexpected(std::move(target.error()));
  }
  if (access.tagged) {
    if (auto isolated = check_isolated(step, target->database, place); !isolated)
      return tl::make_unexpected(std::move(isolated.error()));
    if (step.protocol == schedule::Protocol::mysql) {
      const std::string& given = step.store->shadow_database;
      target->database = given.empty() ? shadow_database(target->database) : given;
      if (target->database.size() > kMostDatabase)
        return fail(ExitCode::usage, place, "the shadow database's name is above 64 bytes", "give shadow_database");
    }
  }
  auto address = traffic::resolve_allowed(target->host, access.targets);
  if (!address) {
    address.error().place = place + ": " + address.error().place;
    return tl::make_unexpected(std::move(address.error()));
  }
  Origin origin;
  origin.scheme = schedule::engine_name(target->engine);
  origin.host = target->host;
  origin.port = target->port;
  origin.authority = (target->host.find(':') == std::string::npos ? target->host : "[" + target->host + "]") + ":" +
                     std::to_string(target->port);
  origin.address = *address;
  origin.protocol = step.protocol;
  origin.store = std::move(*target);
  return origin;
}

}  // namespace tidemark::drive
