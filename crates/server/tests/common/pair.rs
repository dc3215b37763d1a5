//! Two well-behaved users, Alice and Bob, on a node where other clients misbehave. Alice watches Bob.

use super::{TestNode, Wire, custom, list};
use lamplight_model::{Platform, StatusType};
use lamplight_server::Config;
use lamplight_wire::v1;
use lamplight_wire::v1::server_message::Body;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

pub struct Pair {
    pub alice: Wire,
    pub bob: Wire,
    pub before: v1::UserStatus,
}

/// The number of panics of workers in this process. The server survives them, but they are bugs.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().name().is_some_and(|name| name.starts_with("worker")) {
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
            hook(info);
        }));
    });
}

impl Pair {
    /// Starts a node with one worker, which all users share, and logs in both users.
    pub async fn on_a_node(change: impl FnOnce(&mut Config)) -> (TestNode, Self) {
        let node = TestNode::start_with(|config| {
            config.workers = 1;
            change(config);
        });
        let node = node.await;
        let pair = Self::log_in(&node).await;
        (node, pair)
    }

    pub async fn log_in(node: &TestNode) -> Self {
        count_panics();
        let mut alice = node.log_in("alice", "mac", Platform::Mac).await;
        let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
        alice.subscribe(&["bob"]).await;
        bob.ask(custom("before")).await;
        alice.told("bob", StatusType::Online).await;
        let before = alice.status_of("bob").await;
        assert_eq!(before.custom_status, "before");
        Self { alice, bob, before }
    }

    /// Checks that both users are connected, that Alice watches Bob, and that their state is unchanged. Bob's next
    /// change must be the next change that Alice receives.
    pub async fn proves_unharmed(mut self) {
        let now = self.alice.status_of("bob").await;
        // The `last_seen` of a connected user is the current time, so it is not compared.
        assert_eq!(v1::UserStatus { last_seen: self.before.last_seen, ..now }, self.before);
        let Body::GetSubscriptions(kept) = self.alice.ask(list()).await else { panic!() };
        assert_eq!(kept.user_ids, ["bob"]);
        let Body::SetSelfStatus(set) = self.bob.ask(custom("after")).await else { panic!() };
        let told = loop {
            // After settings were changed and restored, Alice may have been sent the current status again.
            let told = self.alice.told_of("bob").await;
            if told.version > self.before.version {
                break told;
            }
        };
        assert_eq!(told, set.status.unwrap());
        assert_eq!(self.alice.status_of("alice").await.custom_status, "");
        assert_eq!(PANICS.load(Ordering::Relaxed), 0, "a worker has panicked");
    }
}
