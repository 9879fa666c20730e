#include "client/cli/predict_files.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

#include "client/cli/ask_about_files.h"

namespace graft::cli {
namespace {

void Add(const google::protobuf::Duration& more, google::protobuf::Duration* sum) {
  const int64_t nanos = int64_t{sum->nanos()} + more.nanos();
  sum->set_seconds(sum->seconds() + more.seconds() + nanos / 1'000'000'000);
  sum->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
}

void Add(const v1::PredictTiming& more, v1::PredictTiming* sum) {
  Add(more.queue(), sum->mutable_queue());
  Add(more.decode(), sum->mutable_decode());
  Add(more.compute(), sum->mutable_compute());
  Add(more.total(), sum->mutable_total());
}

absl::Status CheckCount(int answered, size_t asked) {
  if (answered >= 0 && static_cast<size_t>(answered) == asked) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("the server answered for ", answered, " of ", asked, " pictures"));
}

template <typename Request>
Request WithPictures(Request question, const std::vector<std::string>& pictures) {
  for (const std::string& picture : pictures) question.add_inputs()->set_image(picture);
  return question;
}

// The answers of one model. "The latest" may change between two requests: `ask`, which names the
// model to them, names from now on the version that answered.
template <typename Answer, typename Ask>
absl::Status Join(Answer&& more, size_t pictures, Ask* ask, Answer* joined) {
  const absl::Status counted = CheckCount(more.outputs_size(), pictures);
  if (!counted.ok()) return counted;
  joined->set_model(more.model());
  joined->set_version(more.version());
  for (v1::TaskOutput& output : *more.mutable_outputs()) {
    *joined->add_outputs() = std::move(output);
  }
  ask->clear_label();
  ask->set_version(more.version());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::PredictResponse> PredictFiles(client::Client& client,
                                                 const v1::PredictRequest& question,
                                                 const std::vector<std::string>& files) {
  v1::PredictRequest request = question;
  v1::PredictResponse joined;
  const absl::Status asked =
      AskAboutFiles(files, 1, [&](const std::vector<std::string>& pictures) -> absl::Status {
        absl::StatusOr<v1::PredictResponse> response =
            client.Predict(WithPictures(request, pictures));
        if (!response.ok()) return response.status();
        Add(response->timing(), joined.mutable_timing());
        return Join(*std::move(response), pictures.size(), &request, &joined);
      });
  if (!asked.ok()) return asked;
  return joined;
}

absl::StatusOr<v1::PredictManyResponse> PredictManyFiles(client::Client& client,
                                                         const v1::PredictManyRequest& question,
                                                         const std::vector<std::string>& files) {
  v1::PredictManyRequest request = question;
  v1::PredictManyResponse joined;
  for (int i = 0; i < request.models_size(); ++i) joined.add_answers();
  const absl::Status asked = AskAboutFiles(
      files, static_cast<size_t>(question.models_size()),
      [&](const std::vector<std::string>& pictures) -> absl::Status {
        absl::StatusOr<v1::PredictManyResponse> response =
            client.PredictMany(WithPictures(request, pictures));
        if (!response.ok()) return response.status();
        if (response->answers_size() != request.models_size()) {
          return absl::InternalError(absl::StrCat("the server answered for ",
                                                  response->answers_size(), " of ",
                                                  request.models_size(), " models"));
        }
        Add(response->timing(), joined.mutable_timing());
        for (int i = 0; i < request.models_size(); ++i) {
          const absl::Status taken = Join(std::move(*response->mutable_answers(i)), pictures.size(),
                                          request.mutable_models(i), joined.mutable_answers(i));
          if (!taken.ok()) return taken;
        }
        return absl::OkStatus();
      });
  if (!asked.ok()) return asked;
  return joined;
}

absl::StatusOr<v1::EmbedResponse> EmbedFiles(client::Client& client,
                                             const v1::EmbedRequest& question,
                                             const std::vector<std::string>& files) {
  v1::EmbedRequest request = question;
  v1::EmbedResponse joined;
  const absl::Status asked =
      AskAboutFiles(files, 1, [&](const std::vector<std::string>& pictures) -> absl::Status {
        absl::StatusOr<v1::EmbedResponse> response = client.Embed(WithPictures(request, pictures));
        if (!response.ok()) return response.status();
        const absl::Status counted = CheckCount(response->embeddings_size(), pictures.size());
        if (!counted.ok()) return counted;
        joined.set_model(response->model());
        joined.set_version(response->version());
        for (v1::Embedding& embedding : *response->mutable_embeddings()) {
          *joined.add_embeddings() = std::move(embedding);
        }
        Add(response->timing(), joined.mutable_timing());
        request.clear_label();
        request.set_version(response->version());
        return absl::OkStatus();
      });
  if (!asked.ok()) return asked;
  return joined;
}

}  // namespace graft::cli
