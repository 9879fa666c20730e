#include <cerrno>
#include <deque>
#include <netdb.h>
#include <thread>
#include <tuple>
#include <unistd.h>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "bench/serving/asker.h"

namespace graft::bench {
namespace {

using nlohmann::literals::operator""_json_pointer;

constexpr absl::string_view kBoundary = "graft-bench-picture-boundary";

// One connection at a time, made anew where it was closed. For one thread.
class HttpConnection {
 public:
  explicit HttpConnection(const std::string& address) : address_(address) {}
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;
  ~HttpConnection() { Close(); }

  // The body of the answer to POST /predict.
  absl::StatusOr<std::string> Post(absl::string_view content_type, const std::string& body) {
    if (socket_ < 0) {
      if (absl::Status connected = Connect(); !connected.ok()) return connected;
    }
    absl::StatusOr<std::string> answer =
        Exchange(absl::StrCat("POST /predict HTTP/1.1\r\nHost: ", address_, "\r\nContent-Type: ",
                              content_type, "\r\nContent-Length: ", body.size(), "\r\n\r\n"),
                 body);
    if (!answer.ok()) Close();
    return answer;
  }

 private:
  absl::Status Connect() {
    const std::vector<std::string> parts = absl::StrSplit(address_, ':');
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (parts.size() != 2 || getaddrinfo(parts[0].c_str(), parts[1].c_str(), &hints, &found) != 0) {
      return absl::InvalidArgumentError(absl::StrCat("no address of host:port: ", address_));
    }
    socket_ = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int connected = connect(socket_, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    if (connected != 0) {
      Close();
      return absl::ErrnoToStatus(errno, "connect");
    }
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return absl::OkStatus();
  }

  void Close() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
    received_.clear();
  }

  absl::Status Write(absl::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (written <= 0) return absl::ErrnoToStatus(errno, "send");
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return absl::OkStatus();
  }

  absl::Status ReadMore() {
    char buffer[65536];
    const ssize_t size = recv(socket_, buffer, sizeof(buffer), 0);
    if (size < 0) return absl::ErrnoToStatus(errno, "recv");
    if (size == 0) return absl::UnavailableError("the server closed the connection");
    received_.append(buffer, static_cast<size_t>(size));
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Exchange(const std::string& head, const std::string& body) {
    if (absl::Status sent = Write(head); !sent.ok()) return sent;
    if (absl::Status sent = Write(body); !sent.ok()) return sent;
    size_t end_of_head = 0;
    while ((end_of_head = received_.find("\r\n\r\n")) == std::string::npos) {
      if (absl::Status more = ReadMore(); !more.ok()) return more;
    }
    const std::vector<std::string> lines = absl::StrSplit(received_.substr(0, end_of_head), "\r\n");
    size_t length = std::string::npos;
    for (const std::string& line : lines) {
      const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(": ", 1));
      if (absl::AsciiStrToLower(parts[0]) == "content-length" &&
          !absl::SimpleAtoi(parts.back(), &length)) {
        return absl::InternalError(line);
      }
    }
    if (length == std::string::npos) return absl::InternalError("an answer without Content-Length");
    while (received_.size() < end_of_head + 4 + length) {
      if (absl::Status more = ReadMore(); !more.ok()) return more;
    }
    std::string answer = received_.substr(end_of_head + 4, length);
    received_.erase(0, end_of_head + 4 + length);
    if (!absl::StrContains(lines[0], " 200")) {
      return absl::InternalError(absl::StrCat(lines[0], ": ", answer));
    }
    return answer;
  }

  const std::string address_;
  int socket_ = -1;
  std::string received_;
};

Answer AnswerOf(const absl::StatusOr<std::string>& body) {
  if (!body.ok()) return {.error = std::string(body.status().message()), .labels = {}};
  const auto json = nlohmann::json::parse(*body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("outputs")) return {.error = *body, .labels = {}};
  Answer answer;
  for (const auto& output : json["outputs"]) {
    answer.labels.push_back(output.value("/classification/labels/0/label"_json_pointer, ""));
  }
  return answer;
}

// A thread a connection, each taking the question that has waited longest.
class HttpAsker : public Asker {
 public:
  HttpAsker(const std::string& address, int connections) {
    for (int i = 0; i < connections; ++i) {
      threads_.emplace_back([this, address] { Work(address); });
    }
  }

  ~HttpAsker() override {
    {
      absl::MutexLock lock(&mutex_);
      over_ = true;
    }
    for (std::thread& thread : threads_) thread.join();
  }

  void Ask(int /*lane*/, const Question& question, std::function<void(Answer)> done) override {
    absl::MutexLock lock(&mutex_);
    waiting_.emplace_back(question, std::move(done));
  }

 private:
  void Work(const std::string& address) {
    HttpConnection connection(address);
    const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return over_ || !waiting_.empty();
    };
    for (;;) {
      Question question;
      std::function<void(Answer)> done;
      {
        absl::MutexLock lock(&mutex_);
        mutex_.Await(absl::Condition(&ready));
        if (waiting_.empty()) return;
        std::tie(question, done) = std::move(waiting_.front());
        waiting_.pop_front();
      }
      std::string body;
      for (const std::string* picture : question.pictures) {
        absl::StrAppend(&body, "--", kBoundary,
                        "\r\nContent-Disposition: form-data; name=\"images\"; filename=\"a.jpg\""
                        "\r\nContent-Type: image/jpeg\r\n\r\n",
                        *picture, "\r\n");
      }
      absl::StrAppend(&body, "--", kBoundary, "--\r\n");
      done(AnswerOf(
          connection.Post(absl::StrCat("multipart/form-data; boundary=", kBoundary), body)));
    }
  }

  absl::Mutex mutex_;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::pair<Question, std::function<void(Answer)>>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Asker> MakeHttpAsker(const std::string& address, int connections) {
  return std::make_unique<HttpAsker>(address, connections);
}

}  // namespace graft::bench
