//! The end of a run: the hider is shown to everybody.

use super::{NAMES, Twin, id_of, user_of};
use crate::Failed;
use crate::plan::{HIDER, USERS};
use lamplight_core::Versioned;
use lamplight_model::{UserId, UserStatus, Visibility};
use lamplight_service::{By, Viewing};
use lamplight_wire::v1;

/// Whether `truth` is the last status that a client was sent of the hider (`last`), after losses of records. A client that
/// has it, in the version `known`, is not sent another version of it.
fn is_put_back_as(last: Option<&v1::UserStatus>, known: Option<&u64>, truth: &UserStatus) -> bool {
    let last = last.filter(|last| Some(&last.version) == known);
    let last = last.and_then(|last| UserStatus::try_from(last.clone()).ok());
    last.is_some_and(|last| last.version < truth.version && last.is_put_back_as(truth))
}

impl Twin {
    /// Shows the hider to everybody. All watchers of the hider then have the true status.
    pub async fn reveal(&mut self) -> Result<(), Failed> {
        self.is_over = true;
        let (hider, now) = (user_of(HIDER), self.now);
        let everybody: Vec<UserId> = (1..USERS).map(id_of).collect();
        let service = &self.process()?.service;
        let before = service.restricted_statuses(&hider, &[id_of(HIDER)], Viewing::Watched, now).await?;
        let (_, restrictions) = before.into_iter().flatten().next().ok_or("the hider has an account")?;
        // The visibility shows the user to everybody at once, even if viewers were shown different statuses of one version.
        service.unblock_users(&hider, &everybody, By::App, now).await?;
        service.set_visibility(&hider, Visibility::Everyone, By::App, now).await?;
        self.links.values_mut().for_each(|link| link.stalled = false);
        self.pump().await?;
        // The longest time for which the rate of a worker delays a change.
        self.advance(5_000).await?;
        self.links.keys().copied().collect::<Vec<_>>().into_iter().for_each(|it| self.deliver(it));
        let service = &self.process()?.service;
        let found = service.restricted_statuses(&hider, &[id_of(HIDER)], Viewing::Watched, self.now).await?;
        let truth = found.into_iter().flatten().next().ok_or("the hider has an account")?.0;
        for (connection, link) in &self.links {
            let audience = &self.process()?.seats[link.worker].audience;
            let is_watching = audience.not_watched(link.watcher, &[id_of(HIDER)]).is_empty();
            let known = self.known.get(&(link.who, link.device)).and_then(|known| known.get(NAMES[HIDER]));
            // Viewers who could see the user all along are not told of a new version of a status that they have.
            let was_hidden =
                link.who != HIDER && restrictions.as_ref().is_some_and(|it| !it.may_see(&id_of(link.who)));
            let last = self.last_of_hider.get(&(link.who, link.device));
            let is_known =
                !was_hidden || known == Some(&truth.version.0) || is_put_back_as(last, known, &truth);
            if is_watching && self.app.settings.switches.user_status && !is_known {
                self.faults.push(format!("connection {connection} has {last:?} after a reveal of {truth:?}"));
            }
        }
        Ok(())
    }
}
