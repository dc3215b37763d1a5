//! The status feed, from which a backend keeps a mirror of the statuses (SPEC section 10).

use crate::{Service, ServiceError};
use lamplight_directory::{FeedCursor, InvalidFeedCursor};
use lamplight_model::{AppId, Code, Refusal, UserStatus};

/// The most users of one page of the feed.
pub const MAX_FEED_PAGE: usize = 1_000;

/// A page of the feed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusFeed {
    /// Users whose status differs from that at the cursor, with their current status, in the order of their last
    /// change.
    pub changes: Vec<FeedChange>,
    /// Whether the mirror must be emptied before these changes are applied. Then a user who is in none of the following
    /// pages has no login.
    pub reset: bool,
    /// The cursor of the next page.
    pub cursor: String,
    /// Whether this page reaches the end of the feed.
    pub finished: bool,
}

/// A user of the feed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedChange {
    /// The current status.
    pub status: UserStatus,
    /// Whether the account was deleted.
    pub deleted: bool,
}

impl Service {
    /// Reads the status feed of an app, from the beginning if the cursor is empty, else from the end of the page that
    /// returned the cursor. `limit` is bounded by [`MAX_FEED_PAGE`].
    ///
    /// Refused with 70020, and with 6017 if the cursor is not one that the server has issued. A cursor that is too old
    /// is not refused: the page is then the first of a snapshot, with `reset` set.
    pub async fn status_feed(
        &self,
        app: AppId,
        cursor: &str,
        limit: usize,
    ) -> Result<StatusFeed, ServiceError> {
        self.apps().get(app).ok_or(Code::NO_SUCH_APP)?;
        let after: Option<FeedCursor> = match cursor {
            "" => None,
            text => Some(text.parse().map_err(|invalid: InvalidFeedCursor| {
                Refusal::because(Code::INVALID_PARAMETER, invalid.to_string())
            })?),
        };
        let page = self.directory.feed(app, after, limit.clamp(1, MAX_FEED_PAGE)).await?;
        let changes = self.directory.read(&page.users, |user, presence| {
            presence.map(|presence| FeedChange {
                status: presence.status(&user.id),
                deleted: presence.is_deleted(),
            })
        });
        Ok(StatusFeed {
            // A record that was removed meanwhile has left the feed too; a cursor from before the removal starts a
            // snapshot.
            changes: changes.await?.into_iter().flatten().collect(),
            reset: page.reset,
            cursor: page.cursor.to_string(),
            finished: page.finished,
        })
    }

    /// Resolves when a status of any app changes visibly after the first poll. The caller polls it before it reads the
    /// feed, and awaits it before it reads again.
    pub async fn status_feed_moved(&self) {
        self.directory.feed_moved().await;
    }
}
