// How load.cc asks: one kind of Asker a protocol.
#ifndef GRAFT_BENCH_SERVING_ASKER_H_
#define GRAFT_BENCH_SERVING_ASKER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace graft::bench {

struct Answer {
  std::string error;                // empty: it was answered
  std::vector<std::string> labels;  // the first label of each picture
};

struct Question {
  std::string model;
  std::vector<const std::string*> pictures;  // encoded; outlive the question
};

// Safe for concurrent use by several threads. Every question has been answered when it is
// destroyed.
class Asker {
 public:
  virtual ~Asker() = default;

  // Calls `done` once, on a thread of its own. Questions of one lane may share a connection.
  virtual void Ask(int lane, const Question& question, std::function<void(Answer)> done) = 0;
};

// graft.v1.PredictionService.Predict.
std::unique_ptr<Asker> MakePredictAsker(const std::string& address, int connections);

// graft.v1.PredictionService.PredictMany: each question goes to all of `models` at once, whichever
// it names; the labels are the first model's.
std::unique_ptr<Asker> MakeManyAsker(const std::string& address, int connections,
                                     std::vector<std::string> models);

// inference.GRPCInferenceService.ModelInfer: the pictures as raw BYTES, the label by the
// classification extension or, where the server has none, as the first output.
std::unique_ptr<Asker> MakeInferAsker(const std::string& address, int connections);

// inference.GRPCInferenceService.ServerLive, which does nothing: what a call costs.
std::unique_ptr<Asker> MakeLiveAsker(const std::string& address, int connections);

// POST /predict over HTTP/1.1: multipart/form-data with a file `images` for each picture; the
// answer is PredictResponse's JSON. A question takes a connection to itself, which is then kept.
std::unique_ptr<Asker> MakeHttpAsker(const std::string& address, int connections);

}  // namespace graft::bench

#endif  // GRAFT_BENCH_SERVING_ASKER_H_
