//! The bytes that the bodies of the HTTP port may hold at a time, over all connections.
//!
//! Bodies of requests are admitted: past the budget a request is refused. So are answers to calls that change nothing and
//! may be repeated. Any other answer is there already when its size is known, so it is charged in any case, and keeps later
//! requests out until it has been sent.

use axum::body::Bytes;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number of bytes that is shared by all connections. Clones share it.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Account>);

#[derive(Debug)]
struct Account {
    most: usize,
    used: AtomicUsize,
    /// Shows `used` to Prometheus.
    shown: Gauge,
}

/// Bytes that are taken from a budget. Dropping the share gives them back.
#[derive(Debug)]
pub struct Share {
    account: Arc<Account>,
    bytes: usize,
}

impl Budget {
    /// Makes a budget of `most` bytes. The gauge shows how many are in use.
    pub fn new(most: usize, shown: Gauge) -> Self {
        Self(Arc::new(Account { most, used: AtomicUsize::new(0), shown }))
    }

    /// Returns a share of no bytes, which can grow.
    pub fn share(&self) -> Share {
        Share { account: Arc::clone(&self.0), bytes: 0 }
    }

    /// Takes bytes that are in memory already, also past the budget.
    pub fn charge(&self, bytes: usize) -> Share {
        self.0.used.fetch_add(bytes, Ordering::Relaxed);
        self.0.shown.inc_by(signed(bytes));
        Share { account: Arc::clone(&self.0), bytes }
    }

    /// Charges bytes until the last reference to them is dropped; `None` when the budget has not so many left.
    pub fn admit(&self, bytes: Bytes) -> Option<Bytes> {
        let mut share = self.share();
        share.grow(bytes.len()).then(|| Bytes::from_owner(Held { bytes, _share: share }))
    }

    /// Charges bytes until the last reference to them is dropped, also past the budget.
    pub fn hold(&self, bytes: Bytes) -> Bytes {
        let share = self.charge(bytes.len());
        Bytes::from_owner(Held { bytes, _share: share })
    }
}

impl Share {
    /// Takes more bytes; `false`, and nothing taken, when the budget has not so many left.
    pub fn grow(&mut self, bytes: usize) -> bool {
        let most = self.account.most;
        let taken = self.account.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(bytes).filter(|after| *after <= most)
        });
        if taken.is_ok() {
            self.account.shown.inc_by(signed(bytes));
            self.bytes += bytes;
        }
        taken.is_ok()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.account.used.fetch_sub(self.bytes, Ordering::Relaxed);
        self.account.shown.dec_by(signed(self.bytes));
    }
}

/// Bytes with their share.
struct Held {
    bytes: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_grows_within_the_budget_and_is_given_back() {
        let shown = Gauge::default();
        let budget = Budget::new(100, shown.clone());
        let mut one = budget.share();
        assert!(one.grow(60));
        let mut other = budget.share();
        assert!(!other.grow(41), "60 are taken");
        assert!(other.grow(40));
        assert!(!other.grow(1) && other.grow(0));
        assert_eq!(shown.get(), 100);
        drop(one);
        assert_eq!(shown.get(), 40);
        assert!(other.grow(60));
        drop(other);
        assert_eq!(shown.get(), 0);
    }

    #[test]
    fn an_answer_is_admitted_within_the_budget_until_its_last_part_is_gone() {
        let shown = Gauge::default();
        let budget = Budget::new(100, shown.clone());
        let mut answer = budget.admit(Bytes::from(vec![7; 60])).expect("there is room");
        assert_eq!(budget.admit(Bytes::from(vec![7; 41])), None);
        assert_eq!((shown.get(), &answer[..3]), (60, &[7, 7, 7][..]));
        let rest = answer.split_off(59);
        drop(answer);
        assert_eq!(shown.get(), 60);
        drop(rest);
        assert_eq!(shown.get(), 0);
    }

    #[test]
    fn an_answer_is_charged_past_the_budget_until_its_last_part_is_gone() {
        let shown = Gauge::default();
        let budget = Budget::new(100, shown.clone());
        let mut answer = budget.hold(Bytes::from(vec![7; 150]));
        assert_eq!((shown.get(), &answer[..3]), (150, &[7, 7, 7][..]));
        assert!(!budget.share().grow(1), "nobody else comes in");
        let rest = answer.split_off(149);
        drop(answer);
        assert_eq!(shown.get(), 150);
        drop(rest);
        assert_eq!(shown.get(), 0);
        assert!(budget.share().grow(100));
    }
}
