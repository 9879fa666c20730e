#include "core/tasks/decoder_catalog.h"

#include "core/tasks/classification/decoder.h"
#include "core/tasks/multilabel/decoder.h"
#include "core/tasks/regression/decoder.h"

namespace graft::tasks {

const Decoders& AllDecoders() {
  static const Decoders* const decoders = new Decoders(
      {ClassificationDecoderFactory(), MultilabelDecoderFactory(), RegressionDecoderFactory()});
  return *decoders;
}

}  // namespace graft::tasks
