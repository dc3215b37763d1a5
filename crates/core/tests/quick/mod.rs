//! The configuration of the random tests: the same cases on every run, and few enough to be quick.
//!
//! `PROPTEST_RNG_SEED=7 cargo test -p lamplight-core` runs other cases. Add a failing case as a script or a table row,
//! not as a seed.

use proptest::test_runner::{Config, RngSeed};

/// Returns the configuration with this number of cases. The cases are the same on every run, unless the environment
/// sets another seed.
pub fn cases(cases: u32) -> Config {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    match config.rng_seed {
        RngSeed::Fixed(_) => config,
        RngSeed::Random => Config { rng_seed: RngSeed::Fixed(0x1a3b), ..config },
    }
}
