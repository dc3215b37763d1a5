//! The rules of the [conformance suite](super) about the logins of a user who is away, which are kept while the status is hidden.

use super::{NOTHING_REVOKED, at, id, make_accounts, ok, user};
use crate::Facts;
use lamplight_model::{AwayLogins, StoredRestrictions};

async fn stored(facts: &dyn Facts, name: &str) -> StoredRestrictions {
    ok(facts.restrictions(vec![user(name)])).await.remove(0).expect("there is an account")
}

/// The logins that viewers are shown after a loss of records are kept beside the restrictions. Data of an older version changes
/// nothing, and the lists version stays.
pub async fn away_logins_are_kept_with_their_version(facts: &dyn Facts) {
    make_accounts(facts).await;
    let away = |others, logged_in: &[&str]| AwayLogins {
        others,
        logged_in: logged_in.iter().map(|name| id(name)).collect(),
        logged_out: Vec::new(),
        ended_through: logged_in.len() as u64,
    };
    let (none, some) = (away(None, &[]), away(Some(false), &["bob", "carol"]));
    let table =
        [(5, &some, &some), (4, &none, &some), (5, &none, &none), (6, &some, &some), (7, &none, &none)];
    for (version, set, expected) in table {
        ok(facts.set_away_logins(user("alice"), version, set.clone())).await;
        let stored = stored(facts, "alice").await;
        assert_eq!((&stored.away, stored.version), (expected, 1), "{version}");
    }
    ok(facts.set_away_logins(user("alice"), 8, some)).await;
    assert_eq!(stored(facts, "bob").await.away, none);
    ok(facts.set_away_logins(user("nobody"), 9, none.clone())).await;
    assert_eq!(ok(facts.restrictions(vec![user("nobody")])).await, [None]);
    ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await.expect("there is an account");
    ok(facts.create_account(user("alice"), at(20))).await;
    assert_eq!(stored(facts, "alice").await.away, none);
}
