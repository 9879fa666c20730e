#include "client/lib/local_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"

namespace graft::client {

absl::Status CannotRead(const std::filesystem::path& path, std::error_code why) {
  return absl::InvalidArgumentError(
      absl::StrCat("cannot read '", path.string(), "': ", why.message()));
}

absl::Status CannotRead(const std::filesystem::path& path) {
  return CannotRead(path, std::error_code(errno, std::generic_category()));
}

absl::StatusOr<uint64_t> FileBytes(const std::filesystem::path& path) {
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  if (error) return CannotRead(path, error);
  return size;
}

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path, uint64_t max_bytes) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr) return CannotRead(path);
  std::string bytes;
  char buffer[64 << 10];
  while (const size_t read = std::fread(buffer, 1, sizeof(buffer), file.get())) {
    bytes.append(buffer, read);
    if (bytes.size() > max_bytes) {  // it grew since it was measured
      return CannotRead(path, std::make_error_code(std::errc::file_too_large));
    }
  }
  if (std::ferror(file.get()) != 0) return CannotRead(path);
  return bytes;
}

absl::Status WriteFile(const std::filesystem::path& path, absl::string_view bytes) {
  const auto failed = [&path](int why) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write '", path.string(),
                     "': ", std::error_code(why, std::generic_category()).message()));
  };
  // What is there keeps until the whole is written; what is no plain file (a pipe) is written to.
  std::error_code ignored;
  const bool beside =
      !std::filesystem::exists(path, ignored) || std::filesystem::is_regular_file(path, ignored);
  const std::filesystem::path to = beside ? std::filesystem::path(path.string() + ".part") : path;
  std::FILE* const file = std::fopen(to.c_str(), "wb");
  if (file == nullptr) return failed(errno);
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  int why = written ? 0 : errno;
  if (std::fclose(file) != 0 && written) why = errno;
  std::error_code moved;
  if (why == 0 && beside) std::filesystem::rename(to, path, moved);
  if (why == 0 && !moved) return absl::OkStatus();
  if (beside) std::filesystem::remove(to, ignored);
  return failed(why != 0 ? why : moved.value());
}

}  // namespace graft::client
