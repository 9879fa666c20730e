#ifndef GRAFT_CORE_TASKS_DECODER_CATALOG_H_
#define GRAFT_CORE_TASKS_DECODER_CATALOG_H_

#include "core/tasks/decoders.h"

namespace graft::tasks {

// The list of the tasks whose models can be served: all that core/tasks/catalog.h trains. Lives as
// long as the program.
const Decoders& AllDecoders();

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_DECODER_CATALOG_H_
