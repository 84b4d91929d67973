#include "engine/drive/mysql_link.h"

#include <mariadb/mysql.h>
#include <sys/socket.h>

#include <utility>

#include "engine/drive/result_json.h"

namespace tidemark::drive {
namespace {

constexpr unsigned kFirstClientError = 2000, kLastClientError = 2999;  // of Connector/C: the connection is gone

// The library's operations come in pairs, start and cont; cont is called again, with what the socket is ready for,
// until it returns 0. `stage_` says which operation is under way, `wait_` what it waits for (0: it has ended).
class MysqlLink final : public StoreLink {
 public:
  MysqlLink(const LinkPlace& place, const MysqlServer& server) : place_(place), server_(server), interest_(place) {}
  MysqlLink(const MysqlLink&) = delete;
  MysqlLink& operator=(const MysqlLink&) = delete;
  ~MysqlLink() override { close(); }

  bool connect() override;
  bool send(const StoreRequest& request) override;
  void on_event(bool readable, bool writable) override;
  void close() override;

 private:
  enum class Stage : std::uint8_t { connecting, idle, query, row, next_result };
  enum class News : std::uint8_t { none, open, answer, lost };

  int resume(int ready);
  News on_ended();
  News on_result();
  News on_row();
  News after_result();
  News on_error();
  void free_result();
  void write_sql(const StoreRequest& request);
  bool watch();
  News lost(const char* why);

  const LinkPlace place_;
  const MysqlServer& server_;
  SocketInterest interest_;
  MYSQL* mysql_ = nullptr;
  Stage stage_ = Stage::connecting;
  int wait_ = 0;
  // Where the library leaves an operation's result.
  MYSQL* connected_ = nullptr;
  int failed_ = 0;
  MYSQL_ROW row_ = nullptr;

  MYSQL_RES* result_ = nullptr;
  std::size_t bytes_ = 0;  // of all rows so far
  bool keep_body_ = false;
  int status_ = 0;
  ResultJson json_;
  std::string sql_, problem_;
};

bool MysqlLink::connect() {
  mysql_ = mysql_init(nullptr);
  if (mysql_ == nullptr) {
    problem_ = "out of memory";
    return true;
  }
  mysql_options(mysql_, MYSQL_OPT_NONBLOCK, nullptr);
  mysql_options(mysql_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  const unsigned off = 0;
  mysql_options(mysql_, MYSQL_OPT_LOCAL_INFILE, &off);
  wait_ = mysql_real_connect_start(&connected_, mysql_, server_.address.c_str(), server_.user.c_str(),
                                   server_.password.c_str(), server_.database.c_str(), server_.port, nullptr, 0);
  return wait_ == 0 || !watch();
}

bool MysqlLink::watch() {
  const bool idle = stage_ == Stage::idle;
  const bool writing = !idle && (wait_ & MYSQL_WAIT_WRITE) != 0;
  if (interest_.set(mysql_get_socket(mysql_), idle || (wait_ & MYSQL_WAIT_READ) != 0, writing)) return true;
  problem_ = "epoll: no descriptor can be watched any more";
  return false;
}

void MysqlLink::write_sql(const StoreRequest& request) {
  const auto& statement = *static_cast<const SqlStatement*>(request.statement);
  sql_ = statement.parts.front();
  for (std::size_t i = 0; i < statement.values.size(); ++i) {
    const std::string& value = request.arguments[i];
    switch (statement.values[i]) {
      case SqlStatement::Value::null:
        sql_ += "NULL";
        break;
      case SqlStatement::Value::number:
        sql_ += value;
        break;
      case SqlStatement::Value::text: {
        sql_.push_back('\'');
        const std::size_t at = sql_.size();
        sql_.resize(at + 2 * value.size() + 1);  // what the escaping may need, and its NUL
        const unsigned long size = mysql_real_escape_string(mysql_, sql_.data() + at, value.data(), value.size());
        sql_.resize(at + size);
        sql_.push_back('\'');
      }
    }
    sql_ += statement.parts[i + 1];
  }
  sql_ += request.comment;
}

bool MysqlLink::send(const StoreRequest& request) {
  keep_body_ = request.keep_body;
  status_ = 0;
  bytes_ = 0;
  json_.clear();
  write_sql(request);
  stage_ = Stage::query;
  wait_ = mysql_real_query_start(&failed_, mysql_, sql_.data(), sql_.size());
  return wait_ == 0 || !watch();
}

int MysqlLink::resume(int ready) {
  switch (stage_) {
    case Stage::connecting:
      return mysql_real_connect_cont(&connected_, mysql_, ready);
    case Stage::query:
      return mysql_real_query_cont(&failed_, mysql_, ready);
    case Stage::row:
      return mysql_fetch_row_cont(&row_, result_, ready);
    case Stage::next_result:
      return mysql_next_result_cont(&failed_, mysql_, ready);
    case Stage::idle:
      break;
  }
  return 0;
}

void MysqlLink::on_event(bool readable, bool writable) {
  News news = News::none;
  const int ready = (readable ? MYSQL_WAIT_READ : 0) | (writable ? MYSQL_WAIT_WRITE : 0);
  if (!problem_.empty()) {
    news = News::lost;
  } else if (stage_ == Stage::idle) {  // the end of the connection, or an error that nobody asked for
    news = lost("closed by the server");
  } else if (wait_ == 0 || (ready & wait_) != 0) {
    if (wait_ != 0) wait_ = resume(ready & wait_);
    while (wait_ == 0 && news == News::none) news = on_ended();
    if (news != News::lost && !watch()) news = News::lost;
  }
  switch (news) {
    case News::none:
      return;
    case News::open:
      return place_.owner->on_link_open(place_.number);
    case News::lost:
      return place_.owner->on_link_lost(place_.number, problem_);
    case News::answer: {
      const std::string body = json_.take();  // the owner may send the next statement before it returns
      place_.owner->on_link_answer(place_.number, {.status = status_, .header_lines = {}, .body = body});
    }
  }
}

// An operation has ended: begins the next one, or has news.
MysqlLink::News MysqlLink::on_ended() {
  switch (stage_) {
    case Stage::connecting:
      if (connected_ == nullptr) return lost(mysql_error(mysql_));
      stage_ = Stage::idle;
      return News::open;
    case Stage::query:
      return failed_ != 0 ? on_error() : on_result();
    case Stage::next_result:
      return failed_ > 0 ? on_error() : on_result();
    case Stage::row:
      return on_row();
    case Stage::idle:
      break;
  }
  return News::none;
}

MysqlLink::News MysqlLink::on_result() {
  result_ = mysql_use_result(mysql_);
  if (result_ == nullptr) {
    if (mysql_field_count(mysql_) != 0) return on_error();
    if (keep_body_) json_.done(mysql_affected_rows(mysql_), mysql_insert_id(mysql_), mysql_warning_count(mysql_));
    return after_result();
  }
  if (keep_body_) json_.begin_rows(*result_);
  stage_ = Stage::row;
  wait_ = mysql_fetch_row_start(&row_, result_);
  return News::none;
}

MysqlLink::News MysqlLink::on_row() {
  if (row_ == nullptr) {
    if (mysql_errno(mysql_) != 0) return on_error();
    if (keep_body_) json_.end_rows();
    free_result();
    return after_result();
  }
  const unsigned long* lengths = mysql_fetch_lengths(result_);
  for (unsigned i = 0; i < result_->field_count; ++i) bytes_ += lengths[i] + 1;
  if (bytes_ > kMostResultBytes) return lost("reply above 16 MiB");
  if (keep_body_) json_.add_row(row_, lengths);
  wait_ = mysql_fetch_row_start(&row_, result_);
  return News::none;
}

// A procedure may answer with several results.
MysqlLink::News MysqlLink::after_result() {
  if (mysql_more_results(mysql_) != 0) {
    stage_ = Stage::next_result;
    wait_ = mysql_next_result_start(&failed_, mysql_);
    return News::none;
  }
  stage_ = Stage::idle;
  return News::answer;
}

// An error of the library means that the connection is gone; one of the server is an answer.
MysqlLink::News MysqlLink::on_error() {
  const unsigned number = mysql_errno(mysql_);
  if (number == 0 || (number >= kFirstClientError && number <= kLastClientError)) return lost(mysql_error(mysql_));
  free_result();
  status_ = static_cast<int>(number);
  if (keep_body_) json_.error(number, mysql_sqlstate(mysql_), mysql_error(mysql_));
  stage_ = Stage::idle;
  return News::answer;
}

MysqlLink::News MysqlLink::lost(const char* why) {
  problem_ = *why == '\0' ? "connection lost" : why;
  return News::lost;
}

void MysqlLink::free_result() {
  if (result_ != nullptr) mysql_free_result(std::exchange(result_, nullptr));
}

void MysqlLink::close() {
  if (mysql_ == nullptr) return;
  // An operation under way is told that its time is over: it ends, and gives back what it holds. Without the shutdown
  // the library would read the rest of a result, and wait for it.
  if (stage_ != Stage::idle) {
    const int fd = static_cast<int>(mysql_get_socket(mysql_));
    if (fd >= 0) ::shutdown(fd, SHUT_RDWR);
  }
  for (int i = 0; i < 16 && wait_ != 0; ++i) wait_ = resume(MYSQL_WAIT_TIMEOUT);
  if (result_ != nullptr) result_->handle = nullptr;
  free_result();
  mysql_close(std::exchange(mysql_, nullptr));
}

}  // namespace

std::unique_ptr<StoreLink> make_mysql_link(const LinkPlace& place, const MysqlServer& server) {
  return std::make_unique<MysqlLink>(place, server);
}

}  // namespace tidemark::drive
