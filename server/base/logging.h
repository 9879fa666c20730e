#ifndef GRAFT_SERVER_BASE_LOGGING_H_
#define GRAFT_SERVER_BASE_LOGGING_H_

// The log is the same in server and worker.
#include "wire/logging.h"

#endif  // GRAFT_SERVER_BASE_LOGGING_H_
