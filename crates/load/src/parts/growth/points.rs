//! The points of each series. This module is pure.

use crate::args::Series;
use crate::ring::{Ring, WATCHED};
use anyhow::Result;

/// The number of users who change in the series of watchers. Each changes so rarely that no change is conflated.
const STARS: u32 = 20;
/// The duration of the load at a fixed rate, in seconds.
const SECONDS: u32 = 6;
/// The rate of changes of the users of a ring, in changes per second.
const RATE: u32 = 500;
/// The limit on notifications per second in the series of watchers.
const NOTIFICATIONS: u32 = 20_000;

/// One point of a series.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// The number that the series varies.
    pub size: u32,
    /// The number of connections.
    pub connections: u32,
    /// The number of watchers of each changing user; `None` for a ring, where each user has twenty.
    pub watchers: Option<u32>,
    /// The number of accounts without a connection.
    pub offline: u32,
    /// The number of subscriptions of each connection; 0 if it has those of the ring or crowd only. The others are
    /// accounts without a connection.
    pub subscriptions: u16,
    /// The fixed rate, in changes per second.
    pub rate: u32,
    /// The number of changes at the fixed rate.
    pub changes: u64,
    /// The number of changes with 32 outstanding; 0 to measure at the fixed rate only.
    pub closed_changes: u64,
}

impl Point {
    /// Returns the relation who watches whom.
    pub fn ring(&self) -> Result<Ring> {
        match self.watchers {
            None => Ring::new(self.connections),
            Some(watchers) => Ring::crowd(self.connections, STARS, watchers),
        }
    }
}

/// Returns the points of a series, with small numbers if `quick`.
pub fn of(series: Series, quick: bool) -> Vec<Point> {
    let pick = |full: &[u32], small: &[u32]| if quick { small.to_vec() } else { full.to_vec() };
    let ring = |size: u32, connections: u32| Point {
        size,
        connections,
        watchers: None,
        offline: 0,
        subscriptions: 0,
        rate: RATE,
        changes: if quick { 200 } else { (RATE * SECONDS).into() },
        closed_changes: if quick { 200 } else { 10_000 },
    };
    let some = if quick { 50 } else { 1_000 };
    match series {
        Series::Accounts => pick(&[1_000, 10_000, 100_000, 1_000_000], &[100, 1_000])
            .into_iter()
            .map(|size| Point { offline: size, ..ring(size, some) })
            .collect(),
        Series::Subscriptions => pick(&[200, 500, 1_000, 2_000, 5_000, 10_000], &[100, 200])
            .into_iter()
            .map(|size| {
                let subscriptions = size as u16;
                Point {
                    offline: size - WATCHED as u32,
                    subscriptions,
                    ..ring(size, some / 5 + WATCHED as u32)
                }
            })
            .collect(),
        Series::Connections => pick(&[1_000, 2_500, 5_000, 10_000, 15_000], &[50, 100])
            .into_iter()
            .map(|size| ring(size, size))
            .collect(),
        Series::Watchers => {
            let sizes = pick(&[1, 10, 100, 1_000, 10_000], &[1, 10, 50]);
            let most = sizes.last().copied().unwrap_or_default();
            let point = |size: u32| {
                // At most ten changes a second of each star, which is half of the limit of conflation.
                let rate = (NOTIFICATIONS / size).clamp(1, STARS * 10);
                let changes = u64::from(rate * if quick { 1 } else { SECONDS });
                let connections = most + STARS;
                Point { watchers: Some(size), rate, changes, closed_changes: 0, ..ring(size, connections) }
            };
            sizes.into_iter().map(point).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_varies_one_number_and_keeps_the_limits() {
        for series in Series::ALL {
            for quick in [false, true] {
                let points = of(series, quick);
                assert!(points.len() > 1 && points.is_sorted_by_key(|point| point.size), "{series}");
                for point in &points {
                    let ring = point.ring().unwrap();
                    assert!(point.connections <= 15_000, "{series}: 20,000 open files");
                    assert!(point.subscriptions <= 10_000 && point.rate > 0 && point.changes > 0);
                    let size = match series {
                        Series::Accounts => point.offline,
                        Series::Subscriptions => point.offline + WATCHED as u32,
                        Series::Connections => ring.users(),
                        Series::Watchers => ring.watchers(),
                    };
                    assert_eq!(size, point.size, "{series}");
                    let same = |other: &Point| match series {
                        Series::Connections => ring.watchers() == other.ring().unwrap().watchers(),
                        Series::Accounts | Series::Subscriptions | Series::Watchers => {
                            point.connections == other.connections
                        }
                    };
                    assert!(points.iter().all(same), "{series}");
                }
            }
        }
    }
}
