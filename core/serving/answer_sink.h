#ifndef GRAFT_CORE_SERVING_ANSWER_SINK_H_
#define GRAFT_CORE_SERVING_ANSWER_SINK_H_

#include <memory>
#include <string>
#include <vector>

#include "core/serving/prediction.h"

namespace graft::serving {

// Gets what was asked together with what was answered, where it wants it. Methods are called from
// several threads, with no lock of serving's held, and must return soon. Safe for concurrent use.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;

  // Whether the answers of `model` are wanted, with the inputs: asked once for each request and
  // model, before anything is done for it.
  virtual bool Wants(const std::string& project, const std::string& model) = 0;

  // What a model answered, of a request some of whose models were wanted, just before the caller
  // gets it: never embeddings. The inputs, one for each output, are shared, not copied; what is
  // kept of them is not counted by the predictor any more.
  virtual void OnAnswered(const std::string& project, const ModelAnswer& answer,
                          const std::vector<std::shared_ptr<const PredictInput>>& inputs) = 0;
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_ANSWER_SINK_H_
