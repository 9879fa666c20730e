#ifndef GRAFT_CLIENT_LIB_REQUEST_ID_H_
#define GRAFT_CLIENT_LIB_REQUEST_ID_H_

#include <string>

namespace graft::client {

// An id for a request that makes one thing however often it is sent: 128 random bits from the
// operating system, as 32 hexadecimal digits. Safe for concurrent use.
std::string NewRequestId();

}  // namespace graft::client

#endif  // GRAFT_CLIENT_LIB_REQUEST_ID_H_
