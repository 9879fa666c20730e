#include "core/image/foreign_content.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace graft::image {
namespace {

struct Signature {
  absl::string_view beginning;
  absl::string_view what;
};

constexpr Signature kImages[] = {
    {"GIF8", "GIF"},
    {absl::string_view("II*\0", 4), "TIFF"},
    {absl::string_view("MM\0*", 4), "TIFF"},
    {absl::string_view("II+\0", 4), "BigTIFF"},
    {"8BPS", "Photoshop"},
    {"%PDF", "PDF"},
    {"\xFF\x0A", "JPEG XL"},
    {absl::string_view("\0\0\0\x0CJXL ", 8), "JPEG XL"},
    {absl::string_view("\0\0\0\x0CjP  ", 8), "JPEG 2000"},
    {"\xFF\x4F\xFF\x51", "JPEG 2000"},
    {"v/1\x01", "OpenEXR"},
    {"FUJIFILMCCD-RAW", "a camera's raw file"},
    {absl::string_view("\0\0\1\0", 4), "an icon"},
    {"DDS ", "DDS"},
    {"qoif", "QOI"},
};

// The letters of base64 that the magic numbers of pictures come to.
constexpr absl::string_view kBase64[] = {"/9j/", "iVBORw0KGgo", "UklGR", "R0lGOD", "data:image/"};

constexpr Signature kOthers[] = {
    {"version https://git-lfs", "a pointer of Git LFS and not the file: run 'git lfs pull'"},
    {"PK\x03\x04", "a zip archive or an office document"},
    {"Rar!", "a RAR archive"},
    {"7z\xBC\xAF", "a 7-Zip archive"},
    {"\x1F\x8B", "compressed with gzip"},
    {absl::string_view("\0\x05\x16\x07", 4), "what macOS keeps beside a file, and not the file"},
    {absl::string_view("\xD0\xCF\x11\xE0", 4), "a document or thumbnail store of Windows"},
};

constexpr Signature kTexts[] = {
    {"<!doctype html", "an HTML page, perhaps of a download that failed"},
    {"<html", "an HTML page, perhaps of a download that failed"},
    {"<head", "an HTML page, perhaps of a download that failed"},
    {"<?xml", "an XML text"},
    {"<?php", "a PHP program"},
    {"{\"", "a JSON text"},
    {"[{", "a JSON text"},
};

// The first few kilobytes without a byte order mark and blanks in front, in lower case.
std::string TextOf(absl::string_view bytes) {
  bytes = bytes.substr(0, 1024);
  if (absl::StartsWith(bytes, "\xEF\xBB\xBF")) bytes.remove_prefix(3);
  return absl::AsciiStrToLower(absl::StripLeadingAsciiWhitespace(bytes));
}

}  // namespace

std::string ForeignImage(absl::string_view bytes) {
  for (const Signature& signature : kImages) {
    if (absl::StartsWith(bytes, signature.beginning)) return std::string(signature.what);
  }
  if (bytes.size() >= 8 && bytes.substr(4, 4) == "ftyp") return "HEIC, AVIF or video";
  const std::string text = TextOf(bytes);
  const bool markup = absl::StartsWith(text, "<?xml") || absl::StartsWith(text, "<!doctype svg");
  if (absl::StartsWith(text, "<svg") || (markup && absl::StrContains(text, "<svg"))) return "SVG";
  return "";
}

std::string ForeignContent(absl::string_view bytes) {
  for (const Signature& signature : kOthers) {
    if (absl::StartsWith(bytes, signature.beginning)) return std::string(signature.what);
  }
  if (!bytes.empty() && std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; })) {
    return "nothing but zeros, as a copy that failed leaves them";
  }
  const absl::string_view plain = absl::StripLeadingAsciiWhitespace(bytes.substr(0, 1024));
  for (const absl::string_view beginning : kBase64) {
    if (absl::StartsWith(plain, beginning)) return "an image as base64 text: decode it first";
  }
  const std::string text = TextOf(bytes);
  for (const Signature& signature : kTexts) {
    if (absl::StartsWith(text, signature.beginning)) return std::string(signature.what);
  }
  return "";
}

}  // namespace graft::image
