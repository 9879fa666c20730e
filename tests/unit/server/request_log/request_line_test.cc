#include "server/request_log/request_line.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"

namespace graft::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RequestLine Answered() {
  RequestLine line;
  line.time = absl::FromUnixMillis(1'700'000'000'123);
  line.request_id = "req-1";
  line.method = "Predict";
  line.project = "default";
  line.models = {{"pets", 3, {{"cat", 0.87654321, 0.4}, {"no probability", {}, {}}}}};
  line.inputs = 2;
  line.bytes = 4096;
  line.queue = absl::Microseconds(250);
  line.decode = absl::Microseconds(1'500);
  line.compute = absl::Milliseconds(20);
  line.total = absl::Microseconds(21'750);
  return line;
}

TEST(RequestLine, IsOneLineOfJson) {
  EXPECT_EQ(ToJsonLine(Answered()),
            R"({"time":"2023-11-14T22:13:20.123Z","request":"req-1","method":"Predict",)"
            R"("project":"default","code":"OK","inputs":2,"bytes":4096,"queue_ms":0.25,)"
            R"("decode_ms":1.5,"compute_ms":20.0,"total_ms":21.75,"models":[{"model":"pets",)"
            R"("version":3,"answers":[{"answer":"cat","probability":0.8765,"unknown_score":0.4},)"
            R"({"answer":"no probability"}]}]})"
            "\n");
}

TEST(RequestLine, AFailedOneHasItsReasonAndNoTimesThatItNeverHad) {
  RequestLine line;
  line.method = "Embed";
  line.models = {{"pets", 0, {}}};
  line.code = absl::StatusCode::kResourceExhausted;
  line.reason = "OVERLOADED";
  const std::string text = ToJsonLine(line);
  EXPECT_THAT(text, HasSubstr(R"("code":"RESOURCE_EXHAUSTED","reason":"OVERLOADED")"));
  EXPECT_THAT(text, HasSubstr(R"("models":[{"model":"pets","version":0}])"));
  EXPECT_THAT(text, Not(HasSubstr("queue_ms")));
}

TEST(RequestLine, WhateverALabelIsTheLineIsOneAndIsJson) {
  RequestLine line = Answered();
  std::string cut(kMostAnswerBytes - 1, 'x');
  cut += "\xC3\xA4";  // cut in two
  line.models = {{"pets", 1, {{"a\nb\"\\", 0.5, {}}, {"\xFF\xFE", 0.5, {}}, {cut, 0.5, {}}}}};
  const std::string text = ToJsonLine(line);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["models"][0]["answers"][0]["answer"], "a\nb\"\\");
}

TEST(RequestLine, IsBoundedAndSaysWhatItLeavesOut) {
  RequestLine line = Answered();
  const RequestLine::Answer answer{std::string(500, 'y'), 0.123456789, 0.987654321};
  line.models.assign(kMostLoggedModels + 4,
                     {std::string(63, 'm'), 1, std::vector<RequestLine::Answer>(10, answer)});
  const std::string text = ToJsonLine(line);
  EXPECT_LT(text.size(), 16u << 10);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["models"].size(), kMostLoggedModels);
  EXPECT_EQ(json["left_out"], 10 * (kMostLoggedModels + 4) - kMostLoggedAnswers);
}

}  // namespace
}  // namespace graft::server
