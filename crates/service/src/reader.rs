//! Decides what a read of statuses does, depending on its readers: whether it clears a custom status whose duration has
//! passed, and whether a status is unknown after a loss of records.

use lamplight_core::{Presence, Restrictions};
use lamplight_model::{User, UserId};

/// The readers of statuses, for whom a read is made.
///
/// A read clears a custom status that is over only if all its readers may see the status. Otherwise, a viewer who may
/// not see the user could tell by the time of the answer that there is a text, and would choose the moment at which the
/// others see it end. The keeper clears the texts that reads have left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reader<'a> {
    /// The app, which may see everything.
    App,
    /// A viewer who waits for the statuses.
    Viewer(&'a UserId),
    /// The watchers of a worker, for whom it reads statuses in the background. Some of them may not see the status of a
    /// user who has restrictions.
    Watchers,
}

impl Reader<'_> {
    /// Whether a read clears the custom status of `user` if it is over. `restrictions` are those of this user.
    pub(crate) fn may_clear(self, user: &User, restrictions: Option<&Restrictions>) -> bool {
        match (self, restrictions) {
            (Self::App, _) | (_, None) => true,
            (Self::Viewer(viewer), Some(restrictions)) => *viewer == user.id || restrictions.may_see(viewer),
            (Self::Watchers, Some(_)) => false,
        }
    }

    /// Whether the status of `user` that is shown to one of these may be that of a record that lacks connections, because
    /// it was lost and created again. Connections that are put back do not matter to a viewer who may not see the status:
    /// nothing of them is shown.
    pub(crate) fn may_lack_connections(self, user: &User, presence: &Presence) -> bool {
        let restrictions = presence.restrictions();
        match self {
            Self::Viewer(viewer) if *viewer != user.id => {
                let shown = restrictions.and_then(|it| it.shown_to(viewer));
                shown.map_or_else(|| presence.may_lack_connections(), |shown| shown.is_as_rebuilt())
            }
            Self::App | Self::Viewer(_) => presence.may_lack_connections(),
            Self::Watchers => {
                presence.may_lack_connections() || restrictions.is_some_and(|it| it.show_as_rebuilt())
            }
        }
    }
}
