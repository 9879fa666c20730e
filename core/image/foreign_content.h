#ifndef GRAFT_CORE_IMAGE_FOREIGN_CONTENT_H_
#define GRAFT_CORE_IMAGE_FOREIGN_CONTENT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace graft::image {

// What files that graft does not read are, by how they begin, for messages alone.

// A kind of picture (or film, or drawing): "GIF", "HEIC, AVIF or video". Empty: none that is known.
std::string ForeignImage(absl::string_view bytes);

// Something else that stands where a picture was meant to be: "an HTML page, perhaps of a download
// that failed". Empty: cannot be told.
std::string ForeignContent(absl::string_view bytes);

}  // namespace graft::image

#endif  // GRAFT_CORE_IMAGE_FOREIGN_CONTENT_H_
