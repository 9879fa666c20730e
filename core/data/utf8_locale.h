#ifndef GRAFT_CORE_DATA_UTF8_LOCALE_H_
#define GRAFT_CORE_DATA_UTF8_LOCALE_H_

#include <locale.h>

namespace graft::data {

// libarchive turns names marked as UTF-8 into the locale's characters, and loses them where it has
// none, as in the "C" locale of a service. This gives the calling thread UTF-8 while it lives.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) before_ = ::uselocale(locale_);
  }
  ~Utf8Locale() {
    if (locale_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  const locale_t locale_;
  locale_t before_ = nullptr;
};

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_UTF8_LOCALE_H_
