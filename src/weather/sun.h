// Where the sun stands and what it gives to a tilted surface. Pure numerics.
//
// Directions are unit vectors (east, north, up); azimuths run from north over east. Irradiances are
// W/m2. Accuracy of the position: about 0.1 degree in this century, plenty for hourly weather.
#pragma once

#include "common/time.h"

namespace hearth::weather {

struct Site {
  double latitude_deg = 48;  // north positive
  double longitude_deg = 2;  // east positive

  friend bool operator==(const Site&, const Site&) = default;
};

struct SunPosition {
  double east = 0;
  double north = 0;
  double up = 0;                         // the cosine of the zenith angle; negative at night
  double extraterrestrial_w_per_m2 = 0;  // on a plane that faces the sun
};

// Declination, equation of time and distance of the sun: J. W. Spencer, "Fourier series
// representation of the position of the sun", Search 2 (1971).
SunPosition sun_position(const Site& site, UtcTime time);

struct Surface {
  double azimuth_deg = 180;  // where it looks: 0 north, 90 east, 180 south, 270 west
  double tilt_deg = 90;      // 0 looks up, 90 is a wall
};

// The cosine of the angle between the sun and the surface's normal; <= 0: behind the surface.
double cos_incidence(const SunPosition& sun, const Surface& surface);

struct Irradiance {
  double global = 0;         // on the horizontal
  double direct_normal = 0;  // on a plane that faces the sun
  double diffuse = 0;        // on the horizontal, from the sky

  friend bool operator==(const Irradiance&, const Irradiance&) = default;
};

enum class SkyModel { kPerez1990, kIsotropic };

// What falls on a surface. `beam` comes from the sun's direction (the circumsolar part of the
// diffuse light included), so it meets glass at the angle of incidence; the rest from everywhere.
struct OnSurface {
  double beam = 0;
  double sky = 0;
  double ground = 0;

  double total() const { return beam + sky + ground; }
};

// R. Perez et al., "Modeling daylight availability and irradiance components from direct and global
// irradiance", Solar Energy 44 (1990), table 6, all sites; relative air mass after Kasten and Young
// (1989). `albedo` of the ground, 0.2 where nothing is known.
OnSurface on_surface(const Irradiance& irradiance, const SunPosition& sun, const Surface& surface,
                     double albedo = 0.2, SkyModel model = SkyModel::kPerez1990);

// Splits what falls on the horizontal by its clearness: Erbs, Klein and Duffie, Solar Energy 28
// (1982).
Irradiance split(double global, const SunPosition& sun);

}  // namespace hearth::weather
