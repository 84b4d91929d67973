// Bounded non-linear least squares: Levenberg-Marquardt with an active set (Marquardt 1963; bounds by projection, as in
// Kanzow, Yamashita, Fukushima 2004), and the standard errors of what it finds. Small dense problems (a handful of
// parameters, up to some thousands of rows). Pure; thread-safe.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace tidemark::capacity {

struct LeastSquaresProblem {
  // For row i: the residual (model - observation) and its derivative by each parameter, at `parameters`.
  // `gradient` arrives zeroed, one entry a parameter. Must be finite inside the bounds.
  std::function<double(std::size_t row, const std::vector<double>& parameters, std::vector<double>& gradient)> residual;
  std::size_t rows = 0;
  std::vector<double> start, low, high;  // equal lengths, low <= start <= high
};

struct LeastSquaresResult {
  std::vector<double> parameters;
  std::vector<double> standard_errors;  // sqrt(diag((J'J)^-1) SSE / (rows - parameters)); 0 where that is not defined
  std::vector<bool> at_bound;           // the bound holds the parameter: the gradient points outwards
  double sse = 0;
  int iterations = 0;
  bool converged = false;
  std::string stop;  // why it stopped, for a person
};

// Never fails: `converged` says whether the answer can be used.
LeastSquaresResult solve(const LeastSquaresProblem& problem);

struct LinearEstimate {
  std::vector<double> value, standard_error;
};
// Non-negative linear least squares with a Gaussian prior: minimises sum w_i (y_i - x_i.b)^2 + sum ((b_j - prior_j) /
// sd_j)^2 over b >= 0 (Lawson, Hanson 1974, by coordinate descent). sd_j = infinity: no prior. `weight` is 1 / variance
// of y_i, so the standard errors are those of the posterior. Rows of `x` have prior.size() entries.
LinearEstimate solve_nonnegative(const std::vector<std::vector<double>>& x, const std::vector<double>& y,
                                 const std::vector<double>& weight, const std::vector<double>& prior,
                                 const std::vector<double>& prior_sd);

}  // namespace tidemark::capacity
