#ifndef GRAFT_CORE_EVALUATION_CALIBRATION_H_
#define GRAFT_CORE_EVALUATION_CALIBRATION_H_

#include <cstdint>
#include <vector>

namespace graft::evaluation {

// Expected calibration error (Guo et al. 2017): the sum over bins of (answers in the bin / answers)
// * |fraction that is right - mean confidence|, bins (0, 1/bins], (1/bins, 2/bins], ... of the
// confidence in the answer given.
class CalibrationBins {
 public:
  explicit CalibrationBins(int bins = 15);

  void Add(float confidence, bool right);
  double Error() const;  // 0 without answers

 private:
  struct Bin {
    double confidence_sum = 0;
    int64_t hits = 0;
    int64_t count = 0;
  };
  std::vector<Bin> bins_;
  int64_t answers_ = 0;
};

}  // namespace graft::evaluation

#endif  // GRAFT_CORE_EVALUATION_CALIBRATION_H_
