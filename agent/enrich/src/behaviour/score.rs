//! How regular a connection is: the beacon score of RITA v5, over whatever time was watched.
//!
//! A quarter each for the regularity of intervals, that of sizes, how long it goes on, and how evenly it
//! is spread. What differs from RITA, and why:
//!
//! * inbound calls are scored as well, for a vendor's tunnel is one;
//! * the whole watched time is divided into 24 parts, be it a day or a month;
//! * sizes count both ways;
//! * keep-alives within one long conn are scored as conns are;
//! * the skew of a distribution that is narrow against its median is none: RITA's bound of ten seconds
//!   takes every fast beacon for symmetric.
//!
//! The score tells how alike calls are, for identification. It is no verdict: what monitors a CT for its
//! maker is a perfect beacon.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts and hours are far below 2^52; places and bars are never negative, and found by `get`"
)]

use sekisho_api::Beacon;

use super::past::Hour;
use super::thinned::{Sample, Thinned};

/// Intervals from which there is anything to tell: RITA wants four conns.
const MIN_SAMPLES: u64 = 3;
/// Hours with activity from which it goes on for long.
const MIN_HOURS: usize = 6;
/// The longest run of hours that adds to the score.
const FULL_RUN: f64 = 12.0;
/// Parts of the watched time.
const BINS: usize = 24;
/// Parts with activity from which two heights may alternate.
const MIN_BARS: usize = 11;
/// Bars whose heights differ by less of the highest are of one height.
const BAR_WIDTH: f64 = 0.05;
/// A spread below this part of the median has no skew to speak of.
const NARROW: f64 = 0.02;

/// Scores intervals, which lie in these hours of a watched time, first and last hour included.
pub(crate) fn beacon(samples: &Thinned, hours: &[Hour], watched: (i64, i64)) -> Option<Beacon> {
    if samples.count() < MIN_SAMPLES {
        return None;
    }
    let of = |pick: fn(&Sample) -> u32| Spread::of(samples.kept().iter().map(pick));
    let gaps = of(|sample| sample.gap_ms)?;
    let sizes = [of(|sample| sample.bytes[0])?, of(|sample| sample.bytes[1])?];
    let size = f64::midpoint(sizes[0].regularity(0.0), sizes[1].regularity(0.0));
    let parts = [gaps.regularity(1.0), size, duration(hours, watched), evenness(hours, watched)];
    let score = parts.iter().sum::<f64>() / 4.0;
    Some(Beacon {
        score: round(score),
        period_s: round(gaps.median / 1000.0),
        jitter: round((gaps.deviation / gaps.median.max(1.0)).min(1.0)),
    })
}

/// Median, quartiles and median absolute deviation.
struct Spread {
    quarter: f64,
    median: f64,
    three_quarters: f64,
    deviation: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = u32>) -> Option<Self> {
        let mut values: Vec<f64> = values.map(f64::from).collect();
        let median = quantile(&mut values, 0.5)?;
        let (quarter, three_quarters) = (quantile(&mut values, 0.25)?, quantile(&mut values, 0.75)?);
        let mut deviations: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
        let deviation = quantile(&mut deviations, 0.5)?;
        Some(Self { quarter, median, three_quarters, deviation })
    }

    /// 1 for values that are all alike; `unknown` is what a median of nothing says of its deviation.
    fn regularity(&self, unknown: f64) -> f64 {
        let deviation = if self.median >= 1.0 {
            ((self.median - self.deviation) / self.median).max(0.0)
        } else {
            unknown
        };
        f64::midpoint(1.0 - self.skew().abs(), deviation)
    }

    /// Bowley's.
    fn skew(&self) -> f64 {
        let width = self.three_quarters - self.quarter;
        let at_an_end = self.median <= self.quarter || self.median >= self.three_quarters;
        if at_an_end || width < self.median * NARROW {
            return 0.0;
        }
        (self.quarter + self.three_quarters - 2.0 * self.median) / width
    }
}

/// The value below which a part of the values lies, between two where it falls between them.
fn quantile(values: &mut [f64], part: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let place = part * values.len().checked_sub(1)? as f64;
    let below = values.get(place.floor() as usize)?;
    let above = values.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}

/// How much of the watched time it covers, or how long it goes on without an hour's pause.
fn duration(hours: &[Hour], (from, to): (i64, i64)) -> f64 {
    let active: Vec<i64> = hours.iter().filter(|hour| hour.marks > 0).map(|hour| hour.number).collect();
    let (Some(first), Some(last)) = (active.first(), active.last()) else { return 0.0 };
    if active.len() < MIN_HOURS {
        return 0.0;
    }
    let coverage = (last - first) as f64 / (to.saturating_sub(from) as f64).max(1.0);
    let runs = active.chunk_by(|one, next| next - one == 1);
    let longest = runs.map(<[i64]>::len).max().unwrap_or(0) as f64 / FULL_RUN;
    coverage.max(longest).min(1.0)
}

/// How evenly it is spread over the watched time.
fn evenness(hours: &[Hour], (from, to): (i64, i64)) -> f64 {
    let mut bins = [0.0_f64; BINS];
    let span = (to.saturating_sub(from).max(0) as f64 + 1.0).max(BINS as f64);
    for hour in hours.iter().filter(|hour| (from..=to).contains(&hour.number)) {
        let at = (hour.number - from) as f64 / span * BINS as f64;
        if let Some(bin) = bins.get_mut(at as usize) {
            *bin += f64::from(hour.marks);
        }
    }
    let mean = bins.iter().sum::<f64>() / BINS as f64;
    if mean <= 0.0 {
        return 0.0;
    }
    let variance = bins.iter().map(|bin| (bin - mean).powi(2)).sum::<f64>() / BINS as f64;
    let even = (1.0 - variance.sqrt() / mean).max(0.0);
    even.max(two_heights(&bins))
}

/// How many of the bars have one of the two most common heights: work by day and keep-alives by night.
fn two_heights(bins: &[f64; BINS]) -> f64 {
    let bars: Vec<f64> = bins.iter().copied().filter(|bar| *bar > 0.0).collect();
    if bars.len() < MIN_BARS {
        return 0.0;
    }
    let highest = bars.iter().copied().fold(0.0, f64::max);
    let width = (highest * BAR_WIDTH).ceil().max(1.0);
    let mut heights: Vec<i64> = bars.iter().map(|bar| (bar / width).floor() as i64).collect();
    heights.sort_unstable();
    let mut counts: Vec<usize> = heights.chunk_by(|one, next| one == next).map(<[i64]>::len).collect();
    counts.sort_unstable_by(|one, next| next.cmp(one));
    let both: usize = counts.iter().take(2).sum();
    (both as f64 / (bars.len() - 1) as f64).min(1.0)
}

/// Three digits: more would pretend to be known.
fn round(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
