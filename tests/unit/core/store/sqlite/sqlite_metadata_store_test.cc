#include "core/store/sqlite/sqlite_metadata_store.h"

#include "tests/contract/metadata_store_contract.h"

namespace graft::store {
namespace {

INSTANTIATE_TEST_SUITE_P(Sqlite, MetadataStoreContract,
                         ::testing::Values([](const StoreSettings& settings) {
                           SqliteMetadataStoreOptions options;
                           options.path = settings.folder / "graft.db";
                           options.clock = settings.clock;
                           options.max_queued = settings.max_queued;
                           return SqliteMetadataStore::Open(options);
                         }),
                         [](const auto&) { return "Store"; });

}  // namespace
}  // namespace graft::store
