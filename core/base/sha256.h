#ifndef GRAFT_CORE_BASE_SHA256_H_
#define GRAFT_CORE_BASE_SHA256_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft {

// Incremental SHA-256 (FIPS 180-4). Not safe for concurrent use.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(absl::string_view bytes);

  // 64 lower-case hexadecimal digits. Call once; the object may not be used afterwards.
  std::string FinishHex();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// SHA-256 of `bytes`, as 64 lower-case hexadecimal digits.
std::string Sha256Hex(absl::string_view bytes);

// SHA-256 of a file's content. NOT_FOUND if it cannot be opened, DATA_LOSS on a read error.
absl::StatusOr<std::string> Sha256HexOfFile(const std::string& path);

// Whether `text` is 64 lower-case hexadecimal digits.
bool IsSha256Hex(absl::string_view text);

}  // namespace graft

#endif  // GRAFT_CORE_BASE_SHA256_H_
