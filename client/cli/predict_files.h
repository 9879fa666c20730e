#ifndef GRAFT_CLIENT_CLI_PREDICT_FILES_H_
#define GRAFT_CLIENT_CLI_PREDICT_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "client/lib/client.h"

namespace graft::cli {

// Ask about picture files, in as many requests as it takes, and join the answers: in the order of
// `files`, each model's all from one version, times added up. `question` is the request without
// inputs. Errors as those of AskAboutFiles.
absl::StatusOr<v1::PredictResponse> PredictFiles(client::Client& client,
                                                 const v1::PredictRequest& question,
                                                 const std::vector<std::string>& files);
absl::StatusOr<v1::PredictManyResponse> PredictManyFiles(client::Client& client,
                                                         const v1::PredictManyRequest& question,
                                                         const std::vector<std::string>& files);
absl::StatusOr<v1::EmbedResponse> EmbedFiles(client::Client& client,
                                             const v1::EmbedRequest& question,
                                             const std::vector<std::string>& files);

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_PREDICT_FILES_H_
