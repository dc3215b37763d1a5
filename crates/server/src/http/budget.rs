//! The memory budget for the bodies of all connections of the HTTP port, in bytes.
//!
//! A request whose body does not fit is refused. An answer that does not fit is refused if its call only reads, because
//! the client can repeat the call. Every other call has been carried out, so its answer is charged even beyond the
//! budget. While the budget is exceeded, new bodies are refused.

use axum::body::Bytes;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The largest share, in bytes, that may use the last eighth of the budget.
const MAX_SMALL_SHARE: usize = 64 * 1_024;

/// A budget of bytes for all connections. Clones share the same bytes.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Account>);

#[derive(Debug)]
struct Account {
    most: usize,
    used: AtomicUsize,
    /// The gauge of `used` in the metrics.
    shown: Gauge,
}

/// A number of bytes that are charged to a budget. Dropping the share returns them to the budget.
#[derive(Debug)]
pub struct Share {
    account: Arc<Account>,
    bytes: usize,
}

impl Budget {
    /// Makes a budget of `most` bytes. The gauge shows the bytes in use.
    pub fn new(most: usize, shown: Gauge) -> Self {
        Self(Arc::new(Account { most, used: AtomicUsize::new(0), shown }))
    }

    /// Makes an empty share, which can grow.
    pub fn share(&self) -> Share {
        Share { account: Arc::clone(&self.0), bytes: 0 }
    }

    /// Charges bytes that are already in memory, even if they do not fit into the budget.
    pub fn charge(&self, bytes: usize) -> Share {
        self.0.used.fetch_add(bytes, Ordering::Relaxed);
        self.0.shown.inc_by(signed(bytes));
        Share { account: Arc::clone(&self.0), bytes }
    }

    /// Charges bytes until their last reference is dropped. Returns `None` if they do not fit into the budget.
    pub fn admit(&self, bytes: Bytes) -> Option<Bytes> {
        let mut share = self.share();
        share.grow(bytes.len()).then(|| Bytes::from_owner(Held { bytes, _share: share }))
    }

    /// Charges bytes until their last reference is dropped, even if they do not fit into the budget.
    pub fn hold(&self, bytes: Bytes) -> Bytes {
        let share = self.charge(bytes.len());
        Bytes::from_owner(Held { bytes, _share: share })
    }
}

impl Account {
    /// Returns the limit on the used bytes of the budget that applies when a share grows to `bytes`. Only small shares
    /// may use the last eighth of the budget.
    fn most_for(&self, bytes: usize) -> usize {
        if bytes <= MAX_SMALL_SHARE { self.most } else { self.most - self.most / 8 }
    }
}

impl Share {
    /// Charges more bytes. If they do not fit, charges nothing and returns `false`.
    pub fn grow(&mut self, bytes: usize) -> bool {
        let most = self.account.most_for(self.bytes.saturating_add(bytes));
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

/// Bytes, and the share of the budget to which they are charged.
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
        assert!(!other.grow(41), "60 of them are in use");
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
    fn an_eighth_is_left_to_small_shares() {
        let shown = Gauge::default();
        let budget = Budget::new(8 << 20, shown.clone());
        let mut large = budget.share();
        assert!(large.grow(7 << 20));
        assert!(!budget.share().grow(MAX_SMALL_SHARE + 1));
        let mut small = budget.share();
        assert!(small.grow(MAX_SMALL_SHARE - 1) && small.grow(1));
        assert!(!small.grow(1), "it is small no longer");
        let others: Vec<_> = std::iter::from_fn(|| {
            let mut other = budget.share();
            other.grow(MAX_SMALL_SHARE).then_some(other)
        })
        .collect();
        assert_eq!((others.len(), shown.get()), (15, 8 << 20));
        drop((small, others));
        assert!(!budget.share().grow(MAX_SMALL_SHARE + 1), "the large one is still there");
        drop(large);
        assert!(budget.share().grow(7 << 20));
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
        assert!(!budget.share().grow(1), "the budget is used up");
        let rest = answer.split_off(149);
        drop(answer);
        assert_eq!(shown.get(), 150);
        drop(rest);
        assert_eq!(shown.get(), 0);
        assert!(budget.share().grow(100));
    }
}
