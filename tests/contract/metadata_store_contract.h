#ifndef GRAFT_TESTS_CONTRACT_METADATA_STORE_CONTRACT_H_
#define GRAFT_TESTS_CONTRACT_METADATA_STORE_CONTRACT_H_

// What every MetadataStore promises. Include it in one file a store and instantiate:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, MetadataStoreContract, ::testing::Values(opener));
#include "tests/contract/metadata_store_captures.h"
#include "tests/contract/metadata_store_concurrency.h"
#include "tests/contract/metadata_store_fixture.h"
#include "tests/contract/metadata_store_jobs.h"
#include "tests/contract/metadata_store_leases.h"
#include "tests/contract/metadata_store_resources.h"

#endif  // GRAFT_TESTS_CONTRACT_METADATA_STORE_CONTRACT_H_
