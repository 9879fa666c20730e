#ifndef GRAFT_CLIENT_CLI_NPY_H_
#define GRAFT_CLIENT_CLI_NPY_H_

#include <cstddef>
#include <string>
#include <vector>

namespace graft::cli {

// A matrix of float32 as a file that numpy.load reads (the .npy format, version 1.0), row after
// row; all rows have `width` numbers. A pure function.
std::string ToNpy(const std::vector<std::vector<float>>& rows, size_t width);

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_NPY_H_
