#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

#include "client/cli/capture_fetch.h"
#include "client/cli/command.h"
#include "client/cli/listing.h"
#include "client/cli/output.h"
#include "client/cli/picture_folders.h"
#include "client/cli/text.h"

namespace graft::cli {
namespace {

std::string Days(int days) { return absl::StrCat(days, days == 1 ? " day" : " days"); }
std::string Pictures(int64_t count) {
  return absl::StrCat(FormatCount(count), count == 1 ? " picture" : " pictures");
}

// "100 %", "2.5 %".
std::string Share(double share) { return absl::StrFormat("%.4g %%", 100 * share); }

// "whose answer is less probable than 60 % or that are unlike the training".
std::string Wanted(const v1::CapturePolicy& policy) {
  const std::string confidence =
      policy.max_confidence() > 0
          ? absl::StrCat("whose answer is less probable than ", Share(policy.max_confidence()))
          : "";
  const std::string unknown = policy.unknown() ? "that are unlike the training" : "";
  return absl::StrCat(confidence, !confidence.empty() && !unknown.empty() ? " or " : "", unknown);
}

std::string Kept(const v1::CapturePolicy& policy) {
  if (policy.share() == 0) return "nothing is kept";
  return absl::StrCat(
      "pictures ", Wanted(policy), " are kept for ", Days(policy.retention_days()),
      policy.share() < 1 ? absl::StrCat(", ", Share(policy.share()), " of them") : "",
      "; the last ", FormatCount(policy.max_pictures()), " at most");
}

absl::Status Set(const Globals& globals, const v1::SetCapturePolicyRequest& request) {
  const auto response = globals.Connect()->SetCapturePolicy(request);
  if (!response.ok()) return response.status();
  if (globals.json) {
    PrintJson(*response);
    return absl::OkStatus();
  }
  const std::string of = request.model().empty() ? absl::StrCat("project ", globals.client.project)
                                                 : absl::StrCat("model ", request.model());
  std::printf("%s\n",
              PrintableLine(absl::StrCat(of, ": ",
                                         response->has_policy()
                                             ? Kept(response->policy())
                                             : "no policy any more; what was kept stays until its "
                                               "days are over"))
                  .c_str());
  return absl::OkStatus();
}

absl::Status Show(const Globals& globals) {
  const auto response = globals.Connect()->GetCapturePolicy("");
  if (!response.ok()) return response.status();
  if (globals.json) {
    PrintJson(*response);
    return absl::OkStatus();
  }
  std::printf("%s kept, %s\n", Pictures(response->pictures()).c_str(),
              FormatBytes(response->bytes()).c_str());
  if (!response->allowed()) std::printf("this server keeps no pictures (--capture=false)\n");
  if (response->policies().empty()) {
    std::printf("no policy: nothing is kept; make one with graft capture set\n");
    return absl::OkStatus();
  }
  std::vector<std::vector<std::string>> rows = {
      {"OF", "LESS PROBABLE THAN", "UNKNOWN", "SHARE", "AT MOST", "DAYS", "SET"}};
  for (const v1::CapturePolicy& policy : response->policies()) {
    rows.push_back({policy.model().empty() ? "(all models)" : policy.model(),
                    policy.max_confidence() > 0 ? Share(policy.max_confidence()) : "-",
                    policy.unknown() ? "yes" : "no", Share(policy.share()),
                    FormatCount(policy.max_pictures()), absl::StrCat(policy.retention_days()),
                    FormatTime(policy.update_time())});
  }
  std::fputs(FormatTable(std::move(rows)).c_str(), stdout);
  return absl::OkStatus();
}

absl::Status List(const Globals& globals, const v1::ListCapturedPicturesRequest& request) {
  return ShowPage(
      globals, globals.Connect()->ListCapturedPictures(request),
      [](const v1::ListCapturedPicturesResponse& page) {
        std::vector<std::vector<std::string>> rows = {
            {"ID", "MODEL", "ANSWER", "PROBABILITY", "UNKNOWN", "SIZE", "KEPT", "UNTIL"}};
        for (const v1::CapturedPicture& picture : page.pictures()) {
          rows.push_back(
              {picture.picture_id().substr(0, kShownId),
               absl::StrCat(picture.model(), ":", picture.version()),
               picture.answer().empty() ? "-" : picture.answer(),
               picture.has_probability() ? FormatPercent(picture.probability()) : "-",
               picture.has_unknown_score() ? absl::StrFormat("%.2f", picture.unknown_score()) : "-",
               FormatBytes(picture.bytes()), FormatTime(picture.create_time()),
               FormatTime(picture.expire_time()).substr(0, 10)});
        }
        return rows;
      });
}

struct FetchArguments {
  std::string folder;
  std::string model;
  int64_t limit = std::numeric_limits<int64_t>::max();
};

absl::Status Fetch(const Globals& globals, const FetchArguments& arguments) {
  const auto on_progress = [&](int64_t written) {
    if (!globals.terminal || globals.json) return;
    std::fprintf(stderr, "\r%s", Pictures(written).c_str());
  };
  const auto fetched = FetchPictures(*globals.Connect(), arguments.model, arguments.folder,
                                     arguments.limit, on_progress);
  if (globals.terminal && !globals.json) std::fputs("\r\x1b[K", stderr);
  if (!fetched.ok()) return fetched.status();
  if (globals.json) {
    std::printf("{\"written\": %ld, \"there\": %ld}\n", static_cast<long>(fetched->written),
                static_cast<long>(fetched->there));
    return absl::OkStatus();
  }
  std::vector<std::vector<std::string>> rows = {{"FOLDER", "PICTURES"}};
  for (const auto& [folder, count] : fetched->folders) {
    rows.push_back(
        {(std::filesystem::path(arguments.folder) / folder).string(), absl::StrCat(count)});
  }
  if (rows.size() > 1) std::fputs(FormatTable(std::move(rows)).c_str(), stdout);
  std::printf("%s fetched%s\n", Pictures(fetched->written).c_str(),
              fetched->there > 0
                  ? absl::StrCat("; ", Pictures(fetched->there), " had been fetched before").c_str()
                  : "");
  if (fetched->written > 0) {
    std::printf("move what is in the wrong folder, then: graft dataset upload %s\n",
                PrintableLine(arguments.folder).c_str());
  }
  return absl::OkStatus();
}

struct DeleteArguments {
  std::vector<std::string> ids;
  std::string model;
  int older_than_days = -1;
  bool all = false;
};

absl::Status Delete(const Globals& globals, const DeleteArguments& arguments) {
  const bool filters = !arguments.model.empty() || arguments.older_than_days >= 0 || arguments.all;
  if (arguments.ids.empty() != filters) {
    return absl::InvalidArgumentError("say which: ids, or --model, --older-than-days or --all");
  }
  const std::unique_ptr<client::Client> client = globals.Connect();
  v1::DeleteCapturedPicturesRequest request;
  if (!arguments.ids.empty()) {
    const auto ids = WholeIds(*client, arguments.ids);
    if (!ids.ok()) return ids.status();
    request.mutable_picture_ids()->Assign(ids->begin(), ids->end());
  }
  request.set_model(arguments.model);
  if (arguments.older_than_days >= 0) {
    const absl::Time before = absl::Now() - absl::Hours(24) * arguments.older_than_days;
    request.mutable_before()->set_seconds(absl::ToUnixSeconds(before));
  }
  request.set_all(arguments.all);
  const auto response = client->DeleteCapturedPictures(request);
  if (!response.ok()) return response.status();
  if (globals.json) {
    PrintJson(*response);
    return absl::OkStatus();
  }
  std::printf("%s deleted\n", Pictures(response->deleted()).c_str());
  return absl::OkStatus();
}

void AddSet(CLI::App& capture, Globals& globals) {
  CLI::App* const set = capture.add_subcommand(
      "set", "Say which pictures are kept from now on; it replaces what was said before");
  auto request = std::make_shared<v1::SetCapturePolicyRequest>();
  v1::CapturePolicy* const policy = request->mutable_policy();
  set->add_option_function<std::string>(
      "--model", [request](const std::string& model) { request->set_model(model); },
      "Of this model; default: of all models of the project that have no policy of their own");
  set->add_option_function<double>(
         "--max-confidence", [policy](double most) { policy->set_max_confidence(most); },
         "Pictures whose first answer is less probable than this")
      ->check(CLI::Range(0.0, 1.0));
  set->add_flag_function(
      "--unknown", [policy](int64_t) { policy->set_unknown(true); },
      "Pictures that are unlike the training (unknown score of 1 or more)");
  set->add_option_function<double>(
         "--share", [policy](double share) { policy->set_share(share); },
         "How many of those, 0 to 1; default: all. 0: none of this model")
      ->check(CLI::Range(0.0, 1.0));
  set->add_option_function<int>(
         "--max-pictures", [policy](int most) { policy->set_max_pictures(most); },
         "The oldest go where there would be more; default 1000")
      ->check(CLI::PositiveNumber);
  CLI::Option* const days = set->add_option_function<int>(
      "--retention-days", [policy](int count) { policy->set_retention_days(count); },
      "A picture is deleted after so many days");
  days->check(CLI::PositiveNumber);
  auto off = std::make_shared<bool>(false);
  set->add_flag("--off", *off, "Take the policy away")->excludes(days);
  set->callback([&globals, request, off, days] {
    if (*off) {
      request->clear_policy();
    } else if (days->count() == 0) {
      globals.result = absl::InvalidArgumentError(
          "say how long pictures are kept: --retention-days N, or --off");
      return;
    }
    globals.result = Set(globals, *request);
  });
}

}  // namespace

void AddCaptureCommand(CLI::App& app, Globals& globals) {
  CLI::App* const capture = app.add_subcommand(
      "capture", "Keep pictures that models are unsure of, and fetch them for labelling");
  capture->require_subcommand(0, 1);
  AddSet(*capture, globals);
  CLI::App* const show = capture->add_subcommand(
      "show", "The policies, and how much is kept; what capture alone does");
  OrList(*capture, *show, [&globals] { globals.result = Show(globals); });

  CLI::App* const list =
      capture->add_subcommand("list", "The pictures that are kept, newest first");
  auto request = std::make_shared<v1::ListCapturedPicturesRequest>();
  list->add_option_function<std::string>(
      "--model", [request](const std::string& model) { request->set_model(model); },
      "Of this model");
  AddPageOptions(*list, request);
  list->callback([&globals, request] { globals.result = List(globals, *request); });

  CLI::App* const fetch = capture->add_subcommand(
      "fetch", "Write the pictures into folders by the model's answer, as a dataset to correct");
  auto fetched = std::make_shared<FetchArguments>();
  fetch->add_option("DIR", fetched->folder, "Where; what is below it already is not fetched again")
      ->required();
  fetch->add_option("--model", fetched->model, "Of this model");
  fetch->add_option("--limit", fetched->limit, "The newest so many; default: all")
      ->check(CLI::PositiveNumber);
  fetch->callback([&globals, fetched] { globals.result = Fetch(globals, *fetched); });

  CLI::App* const remove = capture->add_subcommand("delete", "Delete kept pictures, for good");
  auto deleted = std::make_shared<DeleteArguments>();
  remove->add_option("ID", deleted->ids, "Those of list, or the beginnings of them");
  remove->add_option("--model", deleted->model, "Those of this model");
  remove
      ->add_option("--older-than-days", deleted->older_than_days, "Those that were kept longer ago")
      ->check(CLI::NonNegativeNumber);
  remove->add_flag("--all", deleted->all, "All of the project");
  remove->callback([&globals, deleted] { globals.result = Delete(globals, *deleted); });
}

}  // namespace graft::cli
