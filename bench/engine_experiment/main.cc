// One engine of the experiment as a process. Reads "<batch> <runs>" lines and answers each with the
// milliseconds of every run, on the wall and of this process's CPU time, so that run.py can let
// several engines take turns. "<batch> 0" answers with the logits.
#include <chrono>
#include <iostream>
#include <string>
#include <time.h>

#include "bench/engine_experiment/plan.h"

namespace graft::engine_experiment {
namespace {

// The same in run.py.
std::vector<float> Images(int batch, int size) {
  std::vector<float> images(static_cast<size_t>(batch) * 3 * size * size);
  for (size_t i = 0; i < images.size(); ++i) {
    images[i] = static_cast<float>(static_cast<double>(i * 7919 % 2003) / 1001.5 - 1.0);
  }
  return images;
}

double CpuMilliseconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

int Main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: graft_bench_engine FOLDER NETWORK "
                 "eager|eager-nhwc|lowered|onednn|onednn-nhwc THREADS\n";
    return 64;
  }
  const Plan plan = ReadPlan(argv[1], argv[2]);
  const std::string kind = argv[3];
  const int threads = std::stoi(argv[4]);
  std::unique_ptr<Engine> engine;
  if (kind == "eager") engine = MakeEager(plan, false, threads);
  if (kind == "eager-nhwc") engine = MakeEager(plan, true, threads);
  if (kind == "lowered") engine = MakeLowered(plan, threads);
  if (kind == "onednn") engine = MakeOneDnn(plan, false, threads);
  if (kind == "onednn-nhwc") engine = MakeOneDnn(plan, true, threads);
  if (engine == nullptr) {
    std::cerr << "engine " << kind << " is not in this build\n";
    return 3;
  }
  std::cout << "ready" << std::endl;
  int batch = 0;
  int runs = 0;
  while (std::cin >> batch >> runs) {
    const std::vector<float> images = Images(batch, plan.size);
    std::vector<float> logits(static_cast<size_t>(batch) * plan.classes());
    if (runs == 0) {
      engine->Run(images.data(), batch, logits.data());
      for (const float logit : logits) std::cout << logit << ' ';
    }
    for (int i = 0; i < runs; ++i) {
      const double cpu = CpuMilliseconds();
      const auto begun = std::chrono::steady_clock::now();
      engine->Run(images.data(), batch, logits.data());
      const std::chrono::duration<double, std::milli> took =
          std::chrono::steady_clock::now() - begun;
      std::cout << took.count() << ' ' << CpuMilliseconds() - cpu << ' ';
    }
    std::cout << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace graft::engine_experiment

int main(int argc, char** argv) { return graft::engine_experiment::Main(argc, argv); }
