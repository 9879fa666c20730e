#include "core/recipes/options_page.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

#include "core/recipes/strategies.h"

namespace graft::recipes {
namespace {

// "TOP_LAYERS", "TOP_LAYERS and FULL", "A, B and C".
std::string Listed(const std::vector<std::string>& names) {
  if (names.size() == 1) return names[0];
  return absl::StrCat(absl::StrJoin(names.begin(), names.end() - 1, ", "), " and ", names.back());
}

// Which values one table of recipes names for `option`: "60 with A", "20 with B and C".
template <typename Recipe, typename Name>
void AddRecipes(const Option& option, absl::Span<const Recipe> recipes, const Name& name,
                std::vector<std::string>* parts) {
  std::vector<std::pair<OptionValue, std::vector<std::string>>> values;
  for (const Recipe& recipe : recipes) {
    const std::optional<OptionValue> value = option.get(recipe.defaults);
    if (!value.has_value()) continue;
    if (values.empty() || values.back().first != *value) values.push_back({*value, {}});
    values.back().second.push_back(name(recipe));
  }
  for (const auto& [value, names] : values) {
    parts->push_back(absl::StrCat(ValueWords(value), " with ", Listed(names)));
  }
}

std::string Cell(const std::string& text) { return absl::StrReplaceAll(text, {{"|", "\\|"}}); }

void AddRow(std::string* page, const std::vector<std::string>& cells) {
  absl::StrAppend(page, "| ", absl::StrJoin(cells, " | "), " |\n");
}

void AddHeader(std::string* page, const std::vector<std::string>& cells) {
  AddRow(page, cells);
  absl::StrAppend(page, "|");
  for (size_t i = 0; i < cells.size(); ++i) absl::StrAppend(page, "---|");
  absl::StrAppend(page, "\n");
}

void AddGroup(std::string* page, const OptionGroup& group) {
  absl::StrAppend(page, "\n## ", group.title, "\n\n");
  AddHeader(page, {"option", "flag", "values", "default", "used with", "what it does"});
  for (const Option& option : group.options) {
    AddRow(page,
           {absl::StrCat("`", option.path, "`"), absl::StrCat("`--", option.flag, "`"),
            option.allowed, Cell(DefaultWords(option)),
            option.when == &kAlways ? "" : std::string(option.when->words), Cell(option.help)});
  }
  for (const Option& option : group.options) {
    if (option.words.empty()) continue;
    absl::StrAppend(page, "\n");
    AddHeader(page, {absl::StrCat("`", option.path, "`"), "what it is"});
    for (const WordHelp& word : option.words) {
      AddRow(page, {absl::AsciiStrToUpper(word.word), Cell(std::string(word.help))});
    }
  }
}

// Calls `visit(const OptionGroup&)` in the order of help and documentation.
template <typename Visit>
void ForEachGroup(absl::Span<const TaskOptionGroup* const> tasks, const Visit& visit) {
  for (const OptionGroup& group : CommonOptions()) visit(group);
  for (const TaskOptionGroup* const task : tasks) visit(task->group);
}

// Words of enums and names of options as the CLI takes them, "top-layers" for "TOP_LAYERS",
// "learning-rate" for "learning_rate". Other words in capitals stay.
std::string InCliWords(const std::string& text, const std::set<std::string>& words) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && (absl::ascii_isalnum(text[end]) || text[end] == '_')) ++end;
    if (end == i) {
      out += text[i++];
      continue;
    }
    const std::string token = text.substr(i, end - i);
    out += words.count(token) > 0 || absl::StrContains(token, "_")
               ? absl::StrReplaceAll(absl::AsciiStrToLower(token), {{"_", "-"}})
               : token;
    i = end;
  }
  return out;
}

std::string CliHelp(const Option& option) {
  std::vector<std::string> facts;
  if (option.allowed != "any" && option.type != OptionType::kBool) facts.push_back(option.allowed);
  if (option.when != &kAlways) facts.push_back(absl::StrCat("only with ", option.when->words));
  std::string help = option.help;
  if (!facts.empty()) absl::StrAppend(&help, " (", absl::StrJoin(facts, "; "), ")");
  const std::string defaults = DefaultWords(option);
  if (!defaults.empty()) absl::StrAppend(&help, ". Default: ", defaults);
  return help;
}

}  // namespace

std::string DefaultWords(const Option& option) {
  std::vector<std::string> parts;
  AddRecipes(
      option, Heads(),
      [](const HeadRecipe& head) {
        return absl::StrCat("the ", absl::AsciiStrToUpper(model::HeadKindName(head.head)), " head");
      },
      &parts);
  AddRecipes(
      option, Optimizers(),
      [](const OptimizerRecipe& optimizer) { return absl::AsciiStrToUpper(optimizer.word); },
      &parts);
  AddRecipes(
      option, Strategies(),
      [](const StrategyRecipe& strategy) { return absl::AsciiStrToUpper(strategy.word); }, &parts);
  for (const ConditionalDefault<OptionValue>& each : option.defaults) {
    if (each.when == &kAlways) {
      parts.push_back(absl::StrCat(parts.empty() ? "" : "otherwise ", ValueWords(each.value)));
    } else {
      parts.push_back(absl::StrCat(ValueWords(each.value), " with ", each.when->words));
    }
  }
  if (!option.derived.empty()) parts.push_back(option.derived);
  return absl::StrJoin(parts, "; ");
}

std::string OptionsPage(absl::Span<const TaskOptionGroup* const> tasks) {
  std::string page =
      "# Options of a fine-tuning job\n\n"
      "<!-- Made by `graft_options_page --markdown` from the tables in core/recipes and "
      "core/tasks; "
      "do not edit. -->\n\n"
      "Options are fields of `FineTuneSpec` (proto/graft/v1/finetune.proto) and flags of `graft "
      "finetune`. One that is left out takes its default: the first in the list that fits the job. "
      "`Job.spec` shows what a job runs with. One that the job has no use for is refused, as is a "
      "value out of its range, NaN or infinity.\n";
  ForEachGroup(tasks, [&](const OptionGroup& group) { AddGroup(&page, group); });
  return page;
}

std::string CliOptionsHeader(absl::Span<const TaskOptionGroup* const> tasks) {
  std::set<std::string> words;
  ForEachGroup(tasks, [&](const OptionGroup& group) {
    for (const Option& option : group.options) {
      for (const WordHelp& word : option.words) words.insert(absl::AsciiStrToUpper(word.word));
    }
  });
  std::string header =
      "// Made by graft_options_page --cli-header from the tables in core/recipes and core/tasks.\n"
      "#ifndef GRAFT_CLI_OPTIONS_H_\n"
      "#define GRAFT_CLI_OPTIONS_H_\n\n"
      "namespace graft::cli {\n\n"
      "struct OptionFlag {\n"
      "  const char* path;   // of the field in FineTuneSpec\n"
      "  const char* flag;   // without its dashes\n"
      "  const char* group;  // title of its group in the help\n"
      "  const char* help;\n"
      "};\n\n"
      "inline constexpr OptionFlag kOptionFlags[] = {\n";
  ForEachGroup(tasks, [&](const OptionGroup& group) {
    for (const Option& option : group.options) {
      absl::StrAppend(&header, "    {\"", option.path, "\", \"", option.flag, "\", \"",
                      absl::CEscape(group.title), "\",\n     \"",
                      absl::CEscape(InCliWords(CliHelp(option), words)), "\"},\n");
    }
  });
  absl::StrAppend(&header, "};\n\n}  // namespace graft::cli\n\n#endif  // GRAFT_CLI_OPTIONS_H_\n");
  return header;
}

}  // namespace graft::recipes
