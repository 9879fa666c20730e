#ifndef GRAFT_CORE_STORE_PAGE_H_
#define GRAFT_CORE_STORE_PAGE_H_

#include <string>
#include <vector>

namespace graft::store {

// Pages are newest first. A token belongs to one kind of list; a malformed one is INVALID_ARGUMENT.
struct PageOptions {
  int page_size = 50;  // 1 to 1,000
  std::string page_token;
};

template <typename T>
struct Page {
  std::vector<T> items;
  std::string next_page_token;  // empty on the last page
};

}  // namespace graft::store

#endif  // GRAFT_CORE_STORE_PAGE_H_
