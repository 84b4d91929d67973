// One service's part of the model: how long a slot is held, how that depends on the waits of those it calls, how
// capacity grows with nodes, which law its points follow. Internal to the fit. Pure; thread-safe.
#pragma once

#include <string>

#include "models/capacity/model.h"
#include "models/capacity/stage_data.h"

namespace tidemark::capacity {

// Services that own data or membership: more nodes of them are not an option.
bool owns_state(const std::string& service);

// Everything but the variability of the hold time and the laws.
ServiceModel fit_hold(const std::string& service, const Calibration& calibration);
// The factor by which the measured waits exceed those of M/M/c, with its standard error; {1, infinity} when nothing
// waited.
struct Variability {
  double factor = 1, standard_error = 0;
};
Variability variability_of_waits(const ServiceModel& model, const Calibration& calibration);
// Fits the laws to the service's points and chooses one; needs hold_s and hold_cv.
void fit_and_choose_law(ServiceModel& model);

}  // namespace tidemark::capacity
