//! The labels that several modules' metrics have in common, and a function that creates series.

use lamplight_model::Code;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// The label of a metric that counts refusals by their code.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub struct CodeLabel {
    /// The number of the code.
    pub code: u32,
}

impl CodeLabel {
    /// Returns a label for each code that a refusal can have.
    pub fn refusals() -> impl Iterator<Item = Self> {
        Code::ALL.iter().filter(|code| **code != Code::OK).map(|code| Self { code: code.number() })
    }
}

/// Creates a series with the value 0 for each label, so that Prometheus can compute a rate from the first event on.
pub fn begin_at_zero<L>(family: &Family<L, Counter>, labels: impl IntoIterator<Item = L>)
where
    L: Clone + std::hash::Hash + Eq,
{
    for label in labels {
        drop(family.get_or_create(&label));
    }
}
