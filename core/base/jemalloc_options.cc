// Compiled into each program that links jemalloc, which reads this symbol before main.
//
// Freed pages are kept for the next use. By default jemalloc hands those of large blocks back to
// the kernel, and every pass of a network faults them in again: a batch of 8 through
// EfficientNet-Lite0 spent two thirds of its time there (docs/adr/0004-cpu-engine.md). The price: a
// process stays at the most it ever used. MALLOC_CONF in the environment overrides it.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:-1";
}
