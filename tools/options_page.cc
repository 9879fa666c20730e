// Prints what is made from the options' tables:
//
//   graft_options_page --markdown >docs/options.md
//   graft_options_page --cli-header FILE    (part of the build)

#include "core/recipes/options_page.h"

#include <cstdio>
#include <fstream>
#include <string>

#include "core/tasks/option_groups.h"

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "--markdown" && argc == 2) {
    const std::string page = graft::recipes::OptionsPage(graft::tasks::TaskOptionGroups());
    return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
  }
  if (what == "--cli-header" && argc == 3) {
    std::ofstream file(argv[2], std::ios::binary);
    file << graft::recipes::CliOptionsHeader(graft::tasks::TaskOptionGroups());
    return file.flush() ? 0 : 1;
  }
  std::fputs("usage: graft_options_page --markdown | --cli-header FILE\n", stderr);
  return 2;
}
