//! The tasks that a simulated node has in its cluster. They make their calls in the same order as
//! `server/src/cluster.rs`.

use super::executor::directory_time;
use super::lease::{Lease, PAUSE, TIMES};
use super::node::Node;
use super::worker::{Shared, Worker};
use lamplight_core::{Duty, LostNode};
use lamplight_directory::{DirectoryError, NodeEntry, Nodes, Register};
use lamplight_model::{Moment, Now, Timestamp};
use lamplight_service::{ComparedCursor, RecordedCursor, RevokedCursor, ServiceError, UnenteredCursor};
use std::rc::Rc;
use std::sync::Arc;

/// The longest time, in milliseconds, from the end of the grace until the users of a lost node are OFFLINE.
pub(crate) const PATIENCE: u64 = 15_000;

/// The interval, in milliseconds, at which the apps are read even if no change was reported.
const BETWEEN_REFRESHES: u64 = 10_000;
/// The interval, in milliseconds, at which a node checks whether the directory has a new epoch.
const BETWEEN_EPOCHS: u64 = 500;
/// The maximum time, in milliseconds, for which a leaving node waits until its clients have left.
const LONGEST_GOODBYE: u64 = 10_000;

impl Node {
    /// Starts the tasks of a node in its cluster.
    pub(super) fn keep_up_with_others(&self) {
        let (it, workers) = (Rc::clone(&self.shared), self.workers.clone());
        self.shared.start(async move { keep_lease(&it, &workers).await });
        let it = Rc::clone(&self.shared);
        self.shared.start(async move { clear_lost_nodes(&it).await });
        let it = Rc::clone(&self.shared);
        self.shared.start(async move { restore_records(&it).await });
        let it = Rc::clone(&self.shared);
        self.shared.start(async move { refresh_apps(&it).await });
    }

    /// Makes the node leave its cluster in an orderly way. The node asks its clients to reconnect, holds their links,
    /// and leaves the register.
    pub(super) fn begin_to_leave(&self) {
        let (it, workers) = (Rc::clone(&self.shared), self.workers.clone());
        self.shared.start(async move { leave(&it, &workers).await });
    }

    /// Whether the node is about to leave its cluster.
    pub(super) fn is_leaving(&self) -> bool {
        self.shared.lease.as_ref().is_some_and(|lease| lease.is_draining.get())
    }
}

fn lease_of(shared: &Shared) -> &Lease {
    shared.lease.as_ref().expect("only a node of a cluster runs these tasks")
}

async fn pause(shared: &Shared, millis: u64) {
    let more = shared.random.borrow_mut().below(100) as u64;
    shared.executor.clock().sleep(millis + more).await;
}

fn entry_of(shared: &Shared) -> NodeEntry {
    let Lease { started, is_draining, clock, .. } = lease_of(shared);
    let clock_ahead = clock.borrow().ahead_of_directory(shared.local());
    NodeEntry {
        id: shared.node,
        started: *started,
        epoch: Some(shared.service.first_epoch()),
        is_draining: is_draining.get(),
        clock_ahead,
        clock: Timestamp(shared.now().wall.0.saturating_add_signed(-clock_ahead)),
        ..NodeEntry::default()
    }
}

fn observe(shared: &Shared, sent: Moment, register: &Register) {
    let answered = shared.local();
    let now = shared.executor.clock().now();
    lease_of(shared).clock.borrow_mut().measure(sent, answered, Now { ..register.at });
    shared.judge.note(|| format!("  node {} renews its lease at {now}", shared.group));
    shared.service.duties().observe(register, answered);
}

async fn keep_lease(shared: &Shared, workers: &[Rc<Worker>]) {
    let mut wait = TIMES.renew_every().as_millis() as u64;
    loop {
        pause(shared, wait).await;
        wait = match renew(shared, workers).await {
            Ok(()) => TIMES.renew_every().as_millis() as u64,
            Err(_) => PAUSE,
        };
    }
}

async fn renew(shared: &Shared, workers: &[Rc<Worker>]) -> Result<(), DirectoryError> {
    let (lease, entry, sent) = (lease_of(shared), entry_of(shared), shared.local());
    // The register has the time of its own clocks at the moment of the call.
    let clock = Arc::clone(shared.executor.clock());
    let register = &lease.register;
    let renewing = async { register.renew(&entry, directory_time(clock.directory())).await };
    match lease.call(shared.executor.clock(), renewing).await? {
        Some(register) => observe(shared, sent, &register),
        None if lease.leaves.get() => {}
        None => {
            shared.judge.note(|| format!("  node {} joins again", shared.group));
            shared.judge.count("joined again");
            let sent = shared.local();
            let joining = async { register.join(&entry, directory_time(clock.directory())).await };
            let register = lease.call(shared.executor.clock(), joining).await?;
            observe(shared, sent, &register);
            workers.iter().for_each(|worker| worker.read_everything_again());
        }
    }
    Ok(())
}

async fn clear_lost_nodes(shared: &Shared) {
    loop {
        pause(shared, TIMES.renew_every().as_millis() as u64).await;
        let mut cleared = Vec::new();
        for lost in shared.service.duties().lost_nodes(shared.local()) {
            match clear(shared, lost).await {
                Ok(true) => cleared.push((lost.node, lost.beat)),
                Ok(false) => {}
                Err(error) => shared.judge.note(|| format!("  a lost node could not be cleared: {error}")),
            }
        }
        let mut lost = shared.service.duties().lost_nodes(shared.local());
        lost.retain(|it| cleared.contains(&(it.node, it.beat)));
        if let Err(error) = finish(shared, &lost).await {
            shared.judge.note(|| format!("  the work of lost nodes could not be completed: {error}"));
        }
    }
}

async fn clear(shared: &Shared, lost: LostNode) -> Result<bool, ServiceError> {
    let mut failed = 0;
    let mut place = Some(RecordedCursor::default());
    while let Some(from) = place {
        let is_lost = |it: &LostNode| (it.node, it.beat) == (lost.node, lost.beat);
        if !shared.service.duties().lost_nodes(shared.local()).iter().any(is_lost) {
            return Ok(false);
        }
        let page = shared.service.clear_lost_node(lost, from, shared.now()).await?;
        shared.judge.note(|| format!("  node {} clears {:?}: {page:?}", shared.group, lost.node));
        failed += page.failed;
        place = page.next;
    }
    let may_be_finished = !lost.is_registered || shared.service.duties().has(Duty::Whole);
    Ok(failed == 0 && may_be_finished && shared.service.has_no_connections(lost.node).await?)
}

async fn finish(shared: &Shared, lost: &[LostNode]) -> Result<(), ServiceError> {
    if let Some(first) = UnenteredCursor::first(lost, shared.now()) {
        let mut place = Some(first);
        while let Some(from) = place {
            let page = shared.service.end_unentered(from, shared.now()).await?;
            (0..page.ended).for_each(|_| shared.judge.count("unentered logins"));
            place = page.next;
        }
        let mut place = RevokedCursor::first(lost, shared.now());
        while let Some(from) = place {
            place = shared.service.carry_out_revocations(from, shared.now()).await?;
        }
        let mut place = Some(ComparedCursor::default());
        while let Some(from) = place {
            place = shared.service.compare_restrictions(from, shared.now()).await?;
        }
    }
    for lost in lost {
        if lost.is_registered {
            let lease = lease_of(shared);
            lease.call(shared.executor.clock(), lease.register.remove_lost(lost.node, lost.beat)).await?;
            shared.judge.count("lost node cleared");
        } else {
            shared.service.duties().forget(lost.node);
            shared.judge.count("absent node cleared");
        }
    }
    Ok(())
}

async fn restore_records(shared: &Shared) {
    let mut restored = Timestamp(0);
    loop {
        pause(shared, BETWEEN_EPOCHS).await;
        shared.service.observe_epoch(shared.now());
        let epoch = shared.live.epoch();
        if epoch <= restored || !shared.service.duties().has(Duty::Whole) {
            continue;
        }
        let restoring = async {
            let mut last = None;
            loop {
                let some = shared.service.users_logged_in(last, 2).await?;
                shared.service.restore_absent(&some, shared.now()).await?;
                last = some.last().cloned();
                if last.is_none() {
                    break;
                }
            }
            loop {
                let some = shared.service.users_restricted(last, 2).await?;
                shared.service.restore_absent(&some, shared.now()).await?;
                last = some.last().cloned();
                if last.is_none() {
                    return Ok::<(), ServiceError>(());
                }
            }
        };
        match restoring.await {
            Ok(()) => restored = epoch,
            Err(error) => {
                shared.judge.note(|| format!("  live records could not be rebuilt: {error}"));
                pause(shared, PAUSE).await;
            }
        }
    }
}

async fn refresh_apps(shared: &Shared) {
    let lease = lease_of(shared);
    loop {
        tokio::select! {
            biased;
            () = lease.app_news.notified() => {}
            () = shared.executor.clock().sleep(BETWEEN_REFRESHES) => {}
        }
        if let Err(error) = shared.service.refresh_apps().await {
            shared.judge.note(|| format!("  the apps could not be read: {error}"));
            pause(shared, PAUSE).await;
            lease.app_news.notify_one();
        }
    }
}

async fn leave(shared: &Shared, workers: &[Rc<Worker>]) {
    let lease = lease_of(shared);
    lease.is_draining.set(true);
    let entry = entry_of(shared);
    let now = || directory_time(shared.executor.clock().directory());
    // If this fails, the other nodes take the duties over later.
    let _ = lease.call(shared.executor.clock(), async { lease.register.renew(&entry, now()).await }).await;
    let until = shared.executor.clock().now() + LONGEST_GOODBYE;
    while workers.iter().any(|worker| worker.open() > 0) && shared.executor.clock().now() < until {
        workers.iter().for_each(|worker| worker.send_away());
        pause(shared, PAUSE).await;
    }
    loop {
        let until = shared.now().moment + TIMES.grace;
        let (mut failed, mut place) = (0, Some(RecordedCursor::default()));
        while let Some(from) = place {
            match shared.service.hold_own_links(shared.node, from, until, shared.now()).await {
                Ok(page) => (failed, place) = (failed + page.failed, page.next),
                Err(_) => (failed, place) = (failed + 1, None),
            }
        }
        if failed == 0 {
            break;
        }
        pause(shared, PAUSE).await;
    }
    lease.leaves.set(true);
    let _ = lease.call(shared.executor.clock(), lease.register.leave(shared.node)).await;
    shared.judge.count("left the cluster");
    lease.has_left.set(true);
    std::future::pending().await
}
