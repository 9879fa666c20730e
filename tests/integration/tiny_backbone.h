#ifndef GRAFT_TESTS_INTEGRATION_TINY_BACKBONE_H_
#define GRAFT_TESTS_INTEGRATION_TINY_BACKBONE_H_

#include <filesystem>
#include <string>

namespace graft {

// Writes <weights_dir>/efficientnet_lite0 as scripts/import_weights.py would: weights drawn from a
// seed, and pictures of 32 x 32, so that a step takes milliseconds.
void WriteTinyBackbone(const std::filesystem::path& weights_dir);

// A tar of `classes` folders of `images` BMP pictures each: a class is a colour, with noise.
std::string TinyDatasetTar(int classes, int images);

}  // namespace graft

#endif  // GRAFT_TESTS_INTEGRATION_TINY_BACKBONE_H_
