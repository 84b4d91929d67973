#include "models/capacity/least_squares.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace tidemark::capacity {
namespace {

constexpr int kMaxIterations = 500;
constexpr double kTolerance = 1e-14;  // relative change of the sum of squares, and of the scaled step

struct Linearised {
  Eigen::MatrixXd jacobian;
  Eigen::VectorXd residuals;
  double sse = 0;
};

Linearised linearise(const LeastSquaresProblem& problem, const std::vector<double>& at) {
  const auto rows = static_cast<Eigen::Index>(problem.rows);
  const auto columns = static_cast<Eigen::Index>(at.size());
  Linearised result{Eigen::MatrixXd(rows, columns), Eigen::VectorXd(rows)};
  std::vector<double> gradient(at.size());
  for (std::size_t i = 0; i < problem.rows; ++i) {
    std::fill(gradient.begin(), gradient.end(), 0.0);
    const auto row = static_cast<Eigen::Index>(i);
    result.residuals(row) = problem.residual(i, at, gradient);
    for (Eigen::Index j = 0; j < columns; ++j) result.jacobian(row, j) = gradient[static_cast<std::size_t>(j)];
  }
  result.sse = result.residuals.squaredNorm();
  return result;
}

// A parameter is held where it sits on a bound and descent would push it further out.
std::vector<bool> held(const LeastSquaresProblem& problem, const std::vector<double>& at,
                       const Eigen::VectorXd& gradient) {
  std::vector<bool> result(at.size());
  for (std::size_t j = 0; j < at.size(); ++j) {
    const double slope = gradient(static_cast<Eigen::Index>(j));
    result[j] = (at[j] <= problem.low[j] && slope > 0) || (at[j] >= problem.high[j] && slope < 0);
  }
  return result;
}

std::vector<double> damped_step(const LeastSquaresProblem& problem, const std::vector<double>& at,
                                const Linearised& here, const std::vector<bool>& fixed, double damping) {
  Eigen::MatrixXd normal = here.jacobian.transpose() * here.jacobian;
  Eigen::VectorXd descent = -here.jacobian.transpose() * here.residuals;
  for (Eigen::Index j = 0; j < normal.cols(); ++j) {
    normal(j, j) += damping * std::max(normal(j, j), 1e-300);
    if (!fixed[static_cast<std::size_t>(j)]) continue;
    normal.row(j).setZero();
    normal.col(j).setZero();
    normal(j, j) = 1;
    descent(j) = 0;
  }
  const Eigen::VectorXd step = normal.ldlt().solve(descent);
  std::vector<double> next(at.size());
  for (std::size_t j = 0; j < at.size(); ++j) {
    const double moved = at[j] + step(static_cast<Eigen::Index>(j));
    next[j] = std::isfinite(moved) ? std::clamp(moved, problem.low[j], problem.high[j]) : at[j];
  }
  return next;
}

double relative_move(const std::vector<double>& from, const std::vector<double>& to) {
  double largest = 0;
  for (std::size_t j = 0; j < from.size(); ++j) {
    const double scale = std::max({std::abs(from[j]), std::abs(to[j]), 1e-12});
    largest = std::max(largest, std::abs(to[j] - from[j]) / scale);
  }
  return largest;
}

std::vector<double> standard_errors(const Linearised& here) {
  const Eigen::Index columns = here.jacobian.cols();
  std::vector<double> result(static_cast<std::size_t>(columns), 0.0);
  const auto freedom = static_cast<double>(here.jacobian.rows() - columns);
  if (freedom <= 0) return result;
  const Eigen::MatrixXd normal = here.jacobian.transpose() * here.jacobian;
  const Eigen::FullPivLU<Eigen::MatrixXd> lu(normal);
  if (!lu.isInvertible()) return result;
  const Eigen::MatrixXd covariance = lu.inverse() * (here.sse / freedom);
  for (Eigen::Index j = 0; j < columns; ++j) {
    result[static_cast<std::size_t>(j)] = std::sqrt(std::max(0.0, covariance(j, j)));
  }
  return result;
}

}  // namespace

LeastSquaresResult solve(const LeastSquaresProblem& problem) {
  LeastSquaresResult result;
  result.parameters = problem.start;
  Linearised here = linearise(problem, result.parameters);
  double damping = 1e-3;
  result.stop = "gave up after " + std::to_string(kMaxIterations) + " iterations";
  while (result.iterations < kMaxIterations) {
    ++result.iterations;
    const Eigen::VectorXd gradient = here.jacobian.transpose() * here.residuals;
    const auto next =
        damped_step(problem, result.parameters, here, held(problem, result.parameters, gradient), damping);
    const double move = relative_move(result.parameters, next);
    Linearised there = linearise(problem, next);
    const bool better = there.sse <= here.sse;
    const double gain = here.sse - there.sse;
    if (better) {
      result.parameters = next;
      const bool done = gain <= kTolerance * here.sse && move < 1e-9;
      here = std::move(there);
      damping = std::max(damping / 10, 1e-15);
      if (done || here.sse == 0) {
        result.converged = true;
        result.stop = "the sum of squares no longer falls";
        break;
      }
    } else {
      damping *= 10;
      if (move < kTolerance || damping > 1e30) {
        result.converged = true;
        result.stop = "no step lowers the sum of squares";
        break;
      }
    }
  }
  result.sse = here.sse;
  result.at_bound = held(problem, result.parameters, here.jacobian.transpose() * here.residuals);
  result.standard_errors = standard_errors(here);
  if (!std::isfinite(result.sse)) {
    result.converged = false;
    result.stop = "the sum of squares is not finite";
  }
  return result;
}

LinearEstimate solve_nonnegative(const std::vector<std::vector<double>>& x, const std::vector<double>& y,
                                 const std::vector<double>& weight, const std::vector<double>& prior,
                                 const std::vector<double>& prior_sd) {
  const auto columns = static_cast<Eigen::Index>(prior.size());
  Eigen::MatrixXd normal = Eigen::MatrixXd::Zero(columns, columns);
  Eigen::VectorXd right = Eigen::VectorXd::Zero(columns);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const Eigen::Map<const Eigen::VectorXd> row(x[i].data(), columns);
    normal += weight[i] * row * row.transpose();
    right += weight[i] * y[i] * row;
  }
  for (Eigen::Index j = 0; j < columns; ++j) {
    const double sd = prior_sd[static_cast<std::size_t>(j)];
    const double precision = std::isfinite(sd) && sd > 0 ? 1 / (sd * sd) : 0;
    normal(j, j) += precision;
    right(j) += precision * prior[static_cast<std::size_t>(j)];
  }
  Eigen::VectorXd solution = Eigen::VectorXd::Zero(columns);
  for (int sweep = 0; sweep < 20'000; ++sweep) {
    double moved = 0;
    for (Eigen::Index j = 0; j < columns; ++j) {
      if (normal(j, j) <= 0) continue;
      const double best = std::max(0.0, solution(j) + (right(j) - normal.row(j).dot(solution)) / normal(j, j));
      moved = std::max(moved, std::abs(best - solution(j)) / std::max(std::abs(best), 1e-12));
      solution(j) = best;
    }
    if (moved < 1e-12) break;
  }
  LinearEstimate estimate;
  const Eigen::FullPivLU<Eigen::MatrixXd> lu(normal);
  const Eigen::MatrixXd covariance =
      lu.isInvertible() ? Eigen::MatrixXd(lu.inverse()) : Eigen::MatrixXd(Eigen::MatrixXd::Zero(columns, columns));
  for (Eigen::Index j = 0; j < columns; ++j) {
    estimate.value.push_back(solution(j));
    estimate.standard_error.push_back(std::sqrt(std::max(0.0, covariance(j, j))));
  }
  return estimate;
}

}  // namespace tidemark::capacity
