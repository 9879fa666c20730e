#include "core/data/part_names.h"

#include <string>
#include <vector>

#include "absl/strings/ascii.h"

namespace graft::data {
namespace {

struct Word {
  absl::string_view word;
  Split split;
};

constexpr Word kNames[] = {
    {"train", Split::kTrain},           {"training", Split::kTrain}, {"val", Split::kValidation},
    {"valid", Split::kValidation},      {"test", Split::kTest},      {"testing", Split::kTest},
    {"validation", Split::kValidation},
};

// Words that people put such names together from.
constexpr Word kWords[] = {
    {"trainset", Split::kTrain},       {"traindata", Split::kTrain},
    {"testset", Split::kTest},         {"testdata", Split::kTest},
    {"valset", Split::kValidation},    {"validset", Split::kValidation},
    {"dev", Split::kValidation},       {"eval", Split::kValidation},
    {"evaluation", Split::kTest},      {"pred", Split::kUnassigned},
    {"predict", Split::kUnassigned},   {"prediction", Split::kUnassigned},
    {"unlabeled", Split::kUnassigned}, {"unlabelled", Split::kUnassigned},
};

// Runs of letters, in lower case.
std::vector<std::string> WordsOf(absl::string_view name) {
  std::vector<std::string> words;
  bool within = false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = absl::ascii_isalpha(byte) || byte >= 0x80;
    if (letter && !within) words.emplace_back();
    if (letter) words.back().push_back(absl::ascii_tolower(byte));
    within = letter;
  }
  return words;
}

}  // namespace

std::optional<Split> PartOfName(absl::string_view name) {
  const std::string lower = absl::AsciiStrToLower(name);
  for (const Word& known : kNames) {
    if (lower == known.word) return known.split;
  }
  return std::nullopt;
}

PartNameMatch MatchPartName(absl::string_view name) {
  const std::vector<std::string> words = WordsOf(name);
  PartNameMatch match;
  for (const std::string& word : words) {
    if (const std::optional<Split> part = PartOfName(word); part.has_value()) {
      return {true, words.size() == 1, *part};
    }
    for (const Word& known : kWords) {
      if (word == known.word) match = {true, false, known.split};
    }
  }
  return match;
}

}  // namespace graft::data
