//! The status feed. A backend uses it to keep a copy of all statuses (SPEC section 10).

use crate::{Service, ServiceError};
use lamplight_directory::{FeedCursor, InvalidFeedCursor};
use lamplight_model::{AppId, Code, Now, Refusal, UserStatus, Visibility};

/// The maximum number of users in one page of the feed.
pub const MAX_FEED_PAGE: usize = 1_000;

/// A page of the status feed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusFeed {
    /// Users whose status has changed since the cursor, with their current status, in the order of their last change.
    pub changes: Vec<FeedChange>,
    /// Whether the backend must empty its copy before it applies the changes of this page. This page and the pages that
    /// follow then contain every user who is logged in.
    pub reset: bool,
    /// The cursor of the next page.
    pub cursor: String,
    /// Whether there are no further changes at the moment.
    pub finished: bool,
}

/// A user in the status feed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedChange {
    /// The current status.
    pub status: UserStatus,
    /// Whether the account was deleted.
    pub deleted: bool,
    /// The visibility that the user has set.
    pub visibility: Visibility,
}

impl Service {
    /// Reads a page of an app's status feed. `cursor` is the cursor in the previous page; an empty one reads from the
    /// beginning. A `limit` above [`MAX_FEED_PAGE`] counts as that number.
    ///
    /// If the cursor is too old, the page is the first of a snapshot, and `reset` is set. An unknown app is refused
    /// with 70020, and an invalid cursor with 6017.
    pub async fn status_feed(
        &self,
        app: AppId,
        cursor: &str,
        limit: usize,
        now: Now,
    ) -> Result<StatusFeed, ServiceError> {
        let found = self.apps().get(app).ok_or(Code::NO_SUCH_APP)?;
        let after: Option<FeedCursor> = match cursor {
            "" => None,
            text => Some(text.parse().map_err(|invalid: InvalidFeedCursor| {
                Refusal::because(Code::INVALID_PARAMETER, invalid.to_string())
            })?),
        };
        let page = self.directory.feed(app, after, limit.clamp(1, MAX_FEED_PAGE)).await?;
        let changes = self.records.read_current(&found, &page.users, now, |user, presence| {
            presence.map(|presence| FeedChange {
                status: presence.status(&user.id),
                deleted: presence.is_deleted(),
                visibility: presence.restrictions().map(|it| it.visibility()).unwrap_or_default(),
            })
        });
        Ok(StatusFeed {
            // A user whose record was removed meanwhile is skipped here. The next page then begins a snapshot, because
            // its cursor is from before the removal.
            changes: changes.await?.into_iter().flatten().collect(),
            reset: page.reset,
            cursor: page.cursor.to_string(),
            finished: page.finished,
        })
    }

    /// Resolves when the status of a user of any app changes visibly after the first poll. The caller must poll the
    /// future once before it reads the feed, and await it afterwards.
    pub async fn status_feed_moved(&self) {
        self.directory.feed_moved().await;
    }
}
